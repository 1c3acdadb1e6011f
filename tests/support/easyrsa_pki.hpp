// What easy-rsa 3.1.0 (Debian 12) really writes, text dumps included: a CA until 2054, certificates until 2046.
//
// Made once with EASYRSA_CERT_EXPIRE=7300 `easyrsa build-client-full client1.domain.tld nopass` and the like. These
// keys protect nothing.
#pragma once

#include <string_view>

namespace memdb::tests {

// clang-format off
inline constexpr std::string_view kEasyrsaCa = R"PEM(-----BEGIN CERTIFICATE-----
MIIDUzCCAjugAwIBAgIUMnqSJn3bbQFvzCERyz5AtefddhAwDQYJKoZIhvcNAQEL
BQAwGDEWMBQGA1UEAwwNbWVtZGIgdGVzdCBDQTAgFw0yNjExMjMxNTU5MjNaGA8y
MDU0MDQxMDE1NTkyM1owGDEWMBQGA1UEAwwNbWVtZGIgdGVzdCBDQTCCASIwDQYJ
KoZIhvcNAQEBBQADggEPADCCAQoCggEBAIcyns9vrdE8q7DNiwuG2zfnTIeUfcSs
jLQ9dVBhCFwGQOV5Ch4i09TBhvYFbqVjiTP3tXouACYFuRs6DoFdj3I1BYG8asSJ
quQPkhIPusmo9h38oxkMzMU5mWwNvJd7sPtsW3UWmk2xOKULXOhoXxzdaekXAURR
jFpWvtkdHPmcTCmfyHOslTpkfTSyPnWXRB5pB4QeNIo2e7CAb0ldD9nKOJ3Kh1n/
GH9vX+fVPH/MhJhjOtBceeppHZYu3q/bDVOh7PaUTsI00qyExs27bqVMgqWGbMq9
yDA4o7A1aFdY0zSVCm02rTsy7z9fM1VAo/t3DYCtvLQPrCMxlPof/2sCAwEAAaOB
kjCBjzAMBgNVHRMEBTADAQH/MB0GA1UdDgQWBBRSu1C8kx9LydJ8G9GtPOvs6A/q
PTBTBgNVHSMETDBKgBRSu1C8kx9LydJ8G9GtPOvs6A/qPaEcpBowGDEWMBQGA1UE
AwwNbWVtZGIgdGVzdCBDQYIUMnqSJn3bbQFvzCERyz5AtefddhAwCwYDVR0PBAQD
AgEGMA0GCSqGSIb3DQEBCwUAA4IBAQBuHwGLPezvE1lTgeX209Zr41vGi1Q9/evM
oWaGQ24ToYXvSzIV3P0lWNuwP1fjf9xN8jgM7oCvwJYk+Mbjkle2EfnhaqBXQcqs
qAgD+PDRpaTchWSgWAUvtdbt//Yv3AIfVo9O68RkT8ItT70OXpkST5FGXMukNCjl
904Wz4YhcOiAYQASn+0GaxPyT0JSFqNLFf/y15oqluuM1h5Qf+WGaSXt9iqOV2Yx
6/qaGWey5v60DtXNwcLLTz2NDIo4eYxY8mnIx3Y0As48NqMTUSHM0u6HzmXb2s1C
WFVt0/cl9O7M8M0b9DI8RGim2SM9iRcrUHa+y5FxMV2N6KlBpun8
-----END CERTIFICATE-----
)PEM";

inline constexpr std::string_view kEasyrsaClientCert = R"PEM(Certificate:
    Data:
        Version: 3 (0x2)
        Serial Number:
            14:27:4a:d7:d2:56:ce:e0:33:5c:09:b6:a2:92:c1:af
        Signature Algorithm: sha256WithRSAEncryption
        Issuer: CN=memdb test CA
        Validity
            Not Before: Nov 23 15:59:24 2026 GMT
            Not After : Nov 18 15:59:24 2046 GMT
        Subject: CN=client1.domain.tld
        Subject Public Key Info:
            Public Key Algorithm: rsaEncryption
                Public-Key: (2048 bit)
                Modulus:
                    00:ad:f9:dd:c2:d0:bc:ad:e6:c9:7b:35:6b:ff:f1:
                    c8:89:4f:43:75:09:55:3e:16:e5:e9:4b:86:4c:01:
                    c5:bc:5a:e0:65:c9:0d:9c:cd:98:9e:07:17:81:0c:
                    ff:02:c1:64:7d:0a:13:09:a8:c4:56:b3:7a:f1:04:
                    65:0f:27:a6:2f:58:a8:2d:47:26:9e:a1:44:6a:59:
                    80:8a:8f:f8:23:7f:10:eb:81:36:5c:7f:b6:da:6a:
                    e5:b9:18:f9:2a:4a:30:69:af:c4:8f:d9:03:b2:4c:
                    3c:66:49:bb:9f:d1:d8:cc:53:d7:1d:e7:e9:fc:5e:
                    11:43:2e:fa:2d:35:40:39:c9:3e:53:57:be:5f:8c:
                    7e:f8:d0:b1:d9:de:fb:df:a0:f3:a9:80:0a:94:22:
                    f8:44:28:fd:91:4f:78:99:a3:80:41:e2:94:76:8f:
                    fb:e3:92:eb:0f:5b:ce:ed:7c:9c:8e:c7:d7:b2:76:
                    87:6f:21:bc:5d:91:6e:a0:6b:d9:b7:85:9c:fe:74:
                    ac:41:b8:88:18:7e:b2:2c:fd:0b:9a:a5:82:9f:97:
                    1f:7a:b9:6f:71:35:b8:42:01:26:4e:d4:4d:6b:4e:
                    3c:5b:f6:8a:5f:e0:8d:05:0a:1d:83:5c:06:8f:57:
                    15:2a:af:2b:b8:8e:e7:d9:93:4b:43:2f:08:e1:9e:
                    93:e5
                Exponent: 65537 (0x10001)
        X509v3 extensions:
            X509v3 Basic Constraints: 
                CA:FALSE
            X509v3 Subject Key Identifier: 
                9F:28:66:B6:64:64:10:16:A7:6E:34:AC:48:D6:C3:5D:D3:C2:4A:23
            X509v3 Authority Key Identifier: 
                keyid:52:BB:50:BC:93:1F:4B:C9:D2:7C:1B:D1:AD:3C:EB:EC:E8:0F:EA:3D
                DirName:/CN=memdb test CA
                serial:32:7A:92:26:7D:DB:6D:01:6F:CC:21:11:CB:3E:40:B5:E7:DD:76:10
            X509v3 Extended Key Usage: 
                TLS Web Client Authentication
            X509v3 Key Usage: 
                Digital Signature
    Signature Algorithm: sha256WithRSAEncryption
    Signature Value:
        15:1b:f7:41:0d:cc:a9:d8:84:ac:d5:89:20:51:57:c0:b9:be:
        7f:c3:e2:a3:b8:39:16:1b:d8:90:77:0e:cc:55:36:8d:17:8f:
        a8:4d:91:fb:0c:91:0e:71:9f:ca:ee:cc:47:6e:17:57:a8:7f:
        a6:b3:a3:81:83:ab:95:42:19:ac:ca:70:10:70:5f:b4:9b:37:
        b9:2f:fb:da:3e:22:8c:4b:cb:10:c8:8d:99:55:5e:8a:98:eb:
        12:14:c2:dd:b1:df:83:9e:96:ab:02:df:b8:ed:76:a1:f2:45:
        bb:54:04:92:de:8e:6a:b1:74:dc:aa:1b:3b:2d:24:2f:53:02:
        be:69:ef:a9:f7:2d:03:c4:d9:3b:4b:ed:8a:3f:7f:fb:ed:07:
        0d:5c:66:47:6e:b4:25:c1:7b:49:d4:74:c2:2b:db:e9:15:4f:
        d5:78:98:6c:24:20:2d:1d:4a:11:60:c5:89:20:51:27:43:b2:
        10:20:78:8b:b5:51:ac:82:95:1c:b0:12:6f:ad:eb:66:ec:ea:
        fd:8c:a0:1e:81:d1:fa:3b:3a:d4:07:35:42:af:46:ee:a0:f3:
        39:bb:14:58:51:3d:ce:60:98:b5:50:06:5a:bd:60:2c:90:3f:
        c1:7f:a4:ab:26:b9:c5:3d:b2:21:ec:ba:ce:89:dd:a8:9c:d4:
        08:71:6e:4b
-----BEGIN CERTIFICATE-----
MIIDZDCCAkygAwIBAgIQFCdK19JWzuAzXAm2opLBrzANBgkqhkiG9w0BAQsFADAY
MRYwFAYDVQQDDA1tZW1kYiB0ZXN0IENBMB4XDTI2MTEyMzE1NTkyNFoXDTQ2MTEx
ODE1NTkyNFowHTEbMBkGA1UEAwwSY2xpZW50MS5kb21haW4udGxkMIIBIjANBgkq
hkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArfndwtC8rebJezVr//HIiU9DdQlVPhbl
6UuGTAHFvFrgZckNnM2YngcXgQz/AsFkfQoTCajEVrN68QRlDyemL1ioLUcmnqFE
almAio/4I38Q64E2XH+22mrluRj5Kkowaa/Ej9kDskw8Zkm7n9HYzFPXHefp/F4R
Qy76LTVAOck+U1e+X4x++NCx2d7736DzqYAKlCL4RCj9kU94maOAQeKUdo/745Lr
D1vO7XycjsfXsnaHbyG8XZFuoGvZt4Wc/nSsQbiIGH6yLP0LmqWCn5cferlvcTW4
QgEmTtRNa048W/aKX+CNBQodg1wGj1cVKq8ruI7n2ZNLQy8I4Z6T5QIDAQABo4Gk
MIGhMAkGA1UdEwQCMAAwHQYDVR0OBBYEFJ8oZrZkZBAWp240rEjWw13TwkojMFMG
A1UdIwRMMEqAFFK7ULyTH0vJ0nwb0a086+zoD+o9oRykGjAYMRYwFAYDVQQDDA1t
ZW1kYiB0ZXN0IENBghQyepImfdttAW/MIRHLPkC15912EDATBgNVHSUEDDAKBggr
BgEFBQcDAjALBgNVHQ8EBAMCB4AwDQYJKoZIhvcNAQELBQADggEBABUb90ENzKnY
hKzViSBRV8C5vn/D4qO4ORYb2JB3DsxVNo0Xj6hNkfsMkQ5xn8ruzEduF1eof6az
o4GDq5VCGazKcBBwX7SbN7kv+9o+IoxLyxDIjZlVXoqY6xIUwt2x34OelqsC37jt
dqHyRbtUBJLejmqxdNyqGzstJC9TAr5p76n3LQPE2TtL7Yo/f/vtBw1cZkdutCXB
e0nUdMIr2+kVT9V4mGwkIC0dShFgxYkgUSdDshAgeIu1UayClRywEm+t62bs6v2M
oB6B0fo7OtQHNUKvRu6g8zm7FFhRPc5gmLVQBlq9YCyQP8F/pKsmucU9siHsus6J
3aic1Ahxbks=
-----END CERTIFICATE-----
)PEM";

inline constexpr std::string_view kEasyrsaClientKey = R"PEM(-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCt+d3C0Lyt5sl7
NWv/8ciJT0N1CVU+FuXpS4ZMAcW8WuBlyQ2czZieBxeBDP8CwWR9ChMJqMRWs3rx
BGUPJ6YvWKgtRyaeoURqWYCKj/gjfxDrgTZcf7baauW5GPkqSjBpr8SP2QOyTDxm
Sbuf0djMU9cd5+n8XhFDLvotNUA5yT5TV75fjH740LHZ3vvfoPOpgAqUIvhEKP2R
T3iZo4BB4pR2j/vjkusPW87tfJyOx9eydodvIbxdkW6ga9m3hZz+dKxBuIgYfrIs
/QuapYKflx96uW9xNbhCASZO1E1rTjxb9opf4I0FCh2DXAaPVxUqryu4jufZk0tD
LwjhnpPlAgMBAAECggEAF0KfzHhbBEclwKmA/Icc4DAu8oVia7rlAf7dKulWa3Cd
AuQmw+8AYinMPIP6eP8BSpnKYia5xWZutVhN6KuiPj9KEO+r3AFEuTv+gcgY4tS4
yZE3gut3t5Zw4Kv+7ZFeDVX436CiAWMhn4K+fpzbBwqIlCYvHv+MAExWGi2TSNuv
akOD1CA4p0BYmmenCH2J/kYgqvc1Xk1MpPpBnbEd+esS0USkKv/yMJxgh+Vj3CGj
n1GEY4oiwg4vaPERTuhJrgimmxRhCR4hNSkT+2d26PsPB5T0jTz11GkIVTJv/MMj
7AU4XlojHM/LY06Zg7QFSutCDlvIazAXupFTw/4bmwKBgQDh6JURGTHTUNps+Nyt
2BXJnmFWmdzRnIBQDN7wl2e7WVozMPK3SjiVVwK1eZx714LWseAL30qAdKJijAgI
FDrFlr6pD5DqxiDTcX62yz0U2tB52APZKijAnPlAYl+F/e05uqG4IdyCUGTUCgLj
MpU5XDyZq4I9VAGcvNQdDV0F+wKBgQDFJmaVbNcyoeFOOwq+zRHLX24u87zuREij
yjYmKgPC1TqZRR+sQo6XwK17ec8LE1huK8pEi6b/o++N+3lH5vW57k1EZoQcVLa6
OkUsvEIQLNYcq1ffAuNe7IhWKrQsaIe3fsdVclen2SKKyNoAt6EcpP9gGNkRBh3V
96F+Y6oHnwKBgQDJPrY8qyMVynsqhG+idlLCb1LrINnz6OTtaunXjikcXrbZz4sI
+Rd7Ai4pmBJsyEmIFKEwMlReJojaHUCyYcMRbf6fAHzqiGGJuxtUn6zkPSFmyaZz
+PigzbXFQ10xMkn4GWgjbhbQB+oqclisKM2CccaSZpT5KTLee+DBmLv7rQKBgHtQ
KZoNGg1xc5ubEn2FhzvN1P1JN0NRMp5APN5iKTgUZzK3Kbh1aPtCaUByUC59SzKd
8UYuk6YSxCPqx1FSBSDnDS1bcgbGdgTFrb7tgeTcJpCIG85B4DXffOdojom4WCtO
ASBRBMLX7eMg/jq0oPFpwtI4uI0NZlwPJ9QGQrPBAoGAEk7jHV4fbpNv/Lu7PZg9
HAjCLGh6ULpEsIEfrUtPj4FDeM5Frfb10ljJBnkWk+CZ4ymdLpuUrsB9bBfZ+ktO
Yj169xfRuX8PCQXtuxlrmu6MVXj8B/e3CkMDo3yIfYfpxucrgeU5Kop3/RRjXMPa
RsFbsZUIvKeB5max8i3HlMs=
-----END PRIVATE KEY-----
)PEM";

inline constexpr std::string_view kEasyrsaServerCert = R"PEM(Certificate:
    Data:
        Version: 3 (0x2)
        Serial Number:
            90:10:66:de:96:27:cc:4b:41:da:53:4d:4d:dc:17:cb
        Signature Algorithm: sha256WithRSAEncryption
        Issuer: CN=memdb test CA
        Validity
            Not Before: Nov 23 15:59:24 2026 GMT
            Not After : Nov 18 15:59:24 2046 GMT
        Subject: CN=server
        Subject Public Key Info:
            Public Key Algorithm: rsaEncryption
                Public-Key: (2048 bit)
                Modulus:
                    00:90:b1:a8:20:da:f1:36:c3:41:0e:31:cc:04:e5:
                    7a:81:0c:c9:8d:33:0d:d7:39:db:0d:f2:2e:f2:77:
                    42:1f:03:05:35:0e:74:f5:cb:00:e2:0a:81:d0:e5:
                    d2:eb:77:5e:09:5e:50:2e:af:11:ad:f9:2f:25:9c:
                    13:f7:43:b8:06:cf:f0:26:bb:07:30:bc:bd:81:f4:
                    65:04:f4:a4:de:80:e4:d8:cd:75:92:39:b7:25:d2:
                    b4:13:56:9f:6d:ef:f9:a5:05:a9:24:d3:74:ff:8b:
                    8f:32:6e:8a:74:54:ed:90:05:11:eb:a1:30:bd:0f:
                    75:0b:07:d5:72:76:1b:a4:f9:22:69:b5:12:d8:e1:
                    a6:c4:01:1c:f9:3f:36:bb:b7:c7:08:ae:2c:94:07:
                    41:e8:a6:55:d9:5e:f5:f7:c7:b0:55:1a:a0:f0:df:
                    16:33:a9:a6:b2:a3:82:8e:91:79:60:84:ce:e2:96:
                    c8:97:39:32:11:e8:e9:90:1e:c9:6a:e6:bf:b6:b8:
                    97:59:f2:30:94:17:40:1e:10:72:80:9c:df:52:d9:
                    9d:01:be:7e:c0:0a:ac:70:50:2e:1c:e3:fb:ce:9c:
                    cd:19:1e:7c:9a:8d:ca:40:68:a8:79:79:38:89:5c:
                    b4:64:94:a1:27:ac:d9:de:61:2a:33:d4:10:43:26:
                    1d:dd
                Exponent: 65537 (0x10001)
        X509v3 extensions:
            X509v3 Basic Constraints: 
                CA:FALSE
            X509v3 Subject Key Identifier: 
                68:DE:40:03:07:BD:1B:A3:13:5C:81:C4:89:10:69:0E:35:25:34:88
            X509v3 Authority Key Identifier: 
                keyid:52:BB:50:BC:93:1F:4B:C9:D2:7C:1B:D1:AD:3C:EB:EC:E8:0F:EA:3D
                DirName:/CN=memdb test CA
                serial:32:7A:92:26:7D:DB:6D:01:6F:CC:21:11:CB:3E:40:B5:E7:DD:76:10
            X509v3 Extended Key Usage: 
                TLS Web Server Authentication
            X509v3 Key Usage: 
                Digital Signature, Key Encipherment
            X509v3 Subject Alternative Name: 
                DNS:server
    Signature Algorithm: sha256WithRSAEncryption
    Signature Value:
        7b:6a:93:0e:0c:d8:50:67:52:07:b1:c7:03:00:74:87:07:a8:
        24:c0:08:1f:5c:38:f0:06:f8:9e:fb:e0:64:ae:ce:41:86:a8:
        b8:64:fe:3a:d5:06:c2:f4:3e:97:26:e0:13:4a:11:e1:da:f3:
        4e:83:da:0b:2d:d7:79:86:e0:53:29:8e:d9:70:00:86:9a:94:
        b1:da:3e:c7:b2:a5:86:0a:2c:33:ff:41:4e:ce:5f:09:e9:44:
        b7:d9:08:66:09:d9:bd:64:b3:c3:33:3d:58:6f:4a:ae:4e:a5:
        05:83:a0:c4:8a:c7:5e:14:4c:b3:65:56:2b:51:5d:e5:ec:f2:
        89:4e:99:de:a4:99:bd:19:29:2e:1c:a5:f1:1c:fc:a8:52:39:
        f0:53:be:24:22:49:d2:79:b2:78:f9:0e:95:18:f0:96:93:08:
        db:7f:55:3a:e7:0f:be:92:74:ac:45:e0:81:77:c9:9a:b2:ce:
        54:9f:be:f4:ef:e5:c5:9e:bb:9b:6a:8b:90:eb:8b:7d:9f:1f:
        1f:b9:88:2c:f2:c8:86:44:7a:f6:18:3a:82:05:be:43:c7:2d:
        46:ce:eb:b4:d0:1c:c8:a0:1d:84:19:96:c7:60:f1:f0:95:77:
        17:28:ca:fd:47:b6:3d:e7:e8:b8:53:06:28:c2:79:6e:9b:ae:
        cd:d9:a4:a4
-----BEGIN CERTIFICATE-----
MIIDbDCCAlSgAwIBAgIRAJAQZt6WJ8xLQdpTTU3cF8swDQYJKoZIhvcNAQELBQAw
GDEWMBQGA1UEAwwNbWVtZGIgdGVzdCBDQTAeFw0yNjExMjMxNTU5MjRaFw00NjEx
MTgxNTU5MjRaMBExDzANBgNVBAMMBnNlcnZlcjCCASIwDQYJKoZIhvcNAQEBBQAD
ggEPADCCAQoCggEBAJCxqCDa8TbDQQ4xzATleoEMyY0zDdc52w3yLvJ3Qh8DBTUO
dPXLAOIKgdDl0ut3XgleUC6vEa35LyWcE/dDuAbP8Ca7BzC8vYH0ZQT0pN6A5NjN
dZI5tyXStBNWn23v+aUFqSTTdP+LjzJuinRU7ZAFEeuhML0PdQsH1XJ2G6T5Imm1
EtjhpsQBHPk/Nru3xwiuLJQHQeimVdle9ffHsFUaoPDfFjOpprKjgo6ReWCEzuKW
yJc5MhHo6ZAeyWrmv7a4l1nyMJQXQB4QcoCc31LZnQG+fsAKrHBQLhzj+86czRke
fJqNykBoqHl5OIlctGSUoSes2d5hKjPUEEMmHd0CAwEAAaOBtzCBtDAJBgNVHRME
AjAAMB0GA1UdDgQWBBRo3kADB70boxNcgcSJEGkONSU0iDBTBgNVHSMETDBKgBRS
u1C8kx9LydJ8G9GtPOvs6A/qPaEcpBowGDEWMBQGA1UEAwwNbWVtZGIgdGVzdCBD
QYIUMnqSJn3bbQFvzCERyz5AtefddhAwEwYDVR0lBAwwCgYIKwYBBQUHAwEwCwYD
VR0PBAQDAgWgMBEGA1UdEQQKMAiCBnNlcnZlcjANBgkqhkiG9w0BAQsFAAOCAQEA
e2qTDgzYUGdSB7HHAwB0hweoJMAIH1w48Ab4nvvgZK7OQYaouGT+OtUGwvQ+lybg
E0oR4drzToPaCy3XeYbgUymO2XAAhpqUsdo+x7KlhgosM/9BTs5fCelEt9kIZgnZ
vWSzwzM9WG9Krk6lBYOgxIrHXhRMs2VWK1Fd5ezyiU6Z3qSZvRkpLhyl8Rz8qFI5
8FO+JCJJ0nmyePkOlRjwlpMI239VOucPvpJ0rEXggXfJmrLOVJ++9O/lxZ67m2qL
kOuLfZ8fH7mILPLIhkR69hg6ggW+Q8ctRs7rtNAcyKAdhBmWx2Dx8JV3FyjK/Ue2
PefouFMGKMJ5bpuuzdmkpA==
-----END CERTIFICATE-----
)PEM";

inline constexpr std::string_view kEasyrsaServerKey = R"PEM(-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCQsagg2vE2w0EO
McwE5XqBDMmNMw3XOdsN8i7yd0IfAwU1DnT1ywDiCoHQ5dLrd14JXlAurxGt+S8l
nBP3Q7gGz/AmuwcwvL2B9GUE9KTegOTYzXWSObcl0rQTVp9t7/mlBakk03T/i48y
bop0VO2QBRHroTC9D3ULB9Vydhuk+SJptRLY4abEARz5Pza7t8cIriyUB0HoplXZ
XvX3x7BVGqDw3xYzqaayo4KOkXlghM7ilsiXOTIR6OmQHslq5r+2uJdZ8jCUF0Ae
EHKAnN9S2Z0Bvn7ACqxwUC4c4/vOnM0ZHnyajcpAaKh5eTiJXLRklKEnrNneYSoz
1BBDJh3dAgMBAAECggEABWWjBEq2WZkR2aIw3nPizGJ6OBqR5xfA3HXOm3uoSzjV
HmQCJ9LhHw1OR0jzQ5Ypu0a5zev4yFj1kb0PH5d2i0aBSiiKvZ4koW7Iv9USOzxq
jM2pF4Gwm6gO0HPYMYUUdjvOUdHTWN7PQg3Oe0VZsRgHUZcrFro3Xuh1ZTYTlOUp
quXTijZ2RyUZT6vKHIpumPMptiUlLLoL1GQMXAduQYG4nF4+LZaMALXuUOnu1zoS
WculaSXkhixjtBnV4cJeGpcCEyYlGWlaG4+FBK9q0f/R8gTdYAQMnwz5okByQlja
j4q3ZAunZ6M22cC5h0py+TZl8YKoIWhlZAqtAvT5gQKBgQDLQAYwEvjopKlfCXd5
sG7pmzmI90nNF/YAiIW2EnA4Q0DaUkkdFI2oUNomUGqUSHWFYuQR0CmZ8ZUqVE31
9XKrhEyqPLSU6hWbYuHBpaJaD0VGPLo4JHHkX+cfyCu9WmYnSM0Us7RLncF1bgca
iX/axfPa0lQQK0sJnjg2wS1XQQKBgQC2PycDBjXE0EnRcIdoZEvVy4YPFIILNqrv
HGTtJ7T1YS6koHx3wGob4y5dW9C7ZZC4DMNKkOLpOpHcnCiWV4dCBL/zYZpeShVh
0jVijVTzLnZyHqD0kX+vfuKR5N149uX3gpVGT1w/t7C7CI7Vr2+y9ZAo1jNIGIJ8
fK1irvPbnQKBgGe2ufGaHM2KCKtoR0EfWNl3zfooRc6UJYHMKH7qFb2AA/3j808V
h9uVtlvKuTgFaYKxHbRBRpk5f2ZkMowJvYPsNLrB01wRvwjVgmGwRZIzLKRUpKm1
XzCsB2JeYIN1N59gNNYVhTD4xRlJFfLiqw1V6cOFhEPj85xq0kCOfraBAoGBAIvA
wdm/2VujnffNowiaYM0B1TubLl4K/el+jKaP3GSOsYXsy4XJN5VLETLmRZpuuBtr
LhbwJBFVqKTT2wvu8vndSpUIM6g6h0sMN4PrfUk+R/YbJrJlINUjJ/tY1bz9GDxF
FtNj6Am0gwHp/h4++hjx1ip6l7ihku6DbTJPlxDBAoGAVJj2muqABPQ0wUS5Cd6Q
W6eu3iontiot/9n247wNOrA8a+Xm0Q7fC5b3dsFtaFujdHVJWULh/xCQ50q718Ak
/LGarN3wQPRS+Xr6gmWAmTitFpStHtGuH3bZQLOXIjMWc/yajiqIVjPJp8DIApKM
l5YWQZZIEUMOjP2XTcQMyEw=
-----END PRIVATE KEY-----
)PEM";
// clang-format on

}  // namespace memdb::tests
