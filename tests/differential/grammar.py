"""Makes files that are likely to be read differently by two lexers of OpenVPN's language. Seeded: the same number, the same file."""
import random

NAMES = [b"up", b"remote", b"echo", b"plugin", b"log", b"verb", b"setenv", b"x-y", b"route", b"dev", b"script-security", b"a" * 30, b"Up", b"tls_x"]
BLOCKS = [b"ca", b"cert", b"key", b"tls-auth", b"extra-certs"]
BLANKS = [b" ", b"  ", b"\t", b" \t ", b"\v", b"\f", b" \f\v"]
ENDS = [b"\n"] * 12 + [b"\r\n"] * 3 + [b"\r", b"\n\n", b"\n \n", b"\r\r\n", b"\n\r\n"]
PIECES = [b"a", b"b1", b"/etc/x", b"\\", b"\\\\", b"\\\"", b"\\ ", b"\\n", b"\"", b"'", b"#", b";", b"<", b">", b"</ca>", b"--", b"=", b"*", b"%s",
          b"\xc3\xa4", b"\x01", b"\x7f", b"0", b"$HOME", b"`id`", b"\\t", b"\\x41"]
AWS = [b"client", b"dev tun", b"proto udp", b"remote cvpn-endpoint-0123456789abcdef0.prod.clientvpn.us-east-1.amazonaws.com 443",
       b"remote-random-hostname", b"resolv-retry infinite", b"nobind", b"persist-key", b"persist-tun", b"remote-cert-tls server", b"cipher AES-256-GCM",
       b"verb 3", b"reneg-sec 0", b"verify-x509-name server name", b"verify-x509-name \"C=US, O=\\\"x\\\" y, CN=server\" subject", b"auth SHA256",
       b"tls-version-min 1.2", b"data-ciphers AES-256-GCM:AES-128-GCM", b"mssfix 1328 mtu", b"keepalive 10 60", b"auth-nocache", b"proto tcp-client",
       b"verify-x509-name 'it is \\ # ; quoted' name-prefix"]


class Grammar:
    def __init__(self, seed, ca):
        self.random = random.Random(seed)
        self.ca = ca  # bytes, PEM

    def file(self):
        kind = self.random.random()
        if kind < 0.40:
            return self._finish(b"".join(self._line() for _ in range(self.random.randint(1, 12))))
        if kind < 0.60:
            return self._export(hostile=False)
        if kind < 0.80:
            return self._export(hostile=True)
        if kind < 0.92:
            return self._boundary()
        return self._mutated(self._export(hostile=False))

    def _pick(self, of):
        return self.random.choice(of)

    def _often(self, chance):
        return self.random.random() < chance

    def _word(self):
        if self._often(0.5):
            return self._pick([b"a", b"two", b"/path/x", b"10.0.0.1", b"1194", b"x=y", b"C:/x"])
        text = b"".join(self._pick(PIECES) for _ in range(self.random.randint(0, 5)))
        quote = self.random.random()
        if quote < 0.3:
            return b'"' + text.replace(b'"', b'\\"' if self._often(0.7) else b'') + (b'"' if self._often(0.95) else b'')
        if quote < 0.5:
            return b"'" + text + (b"'" if self._often(0.95) else b"")
        return text if self._often(0.9) else text + b'"q"'

    def _directive(self):
        name = self._pick(NAMES)
        form = self.random.random()
        if form < 0.08:
            name = b"--" + name
        elif form < 0.13:
            name = b'"' + name + b'"'
        elif form < 0.16:
            name = b"'" + name + b"'"
        elif form < 0.20:
            name = b"setenv opt " + (b"--" if self._often(0.2) else b"") + name
        elif form < 0.23:
            name = b'"--' + name + b'"'
        count = self._pick([0, 1, 1, 2, 2, 3, 5]) if self._often(0.95) else self._pick([14, 15, 16, 17])
        words = [self._pick(BLANKS) + self._word() for _ in range(count)]
        line = name + b"".join(words)
        if self._often(0.1):
            line = self._pick(BLANKS) + line
        if self._often(0.15):
            line += self._pick([b"", b" "]) + self._pick([b"#", b";", b"# it's \"", b"; \\x", b" # <ca>"])
        if self._often(0.04):
            line = line.ljust(self._pick([253, 254, 255, 256, 257, 511, 600]), self._pick([b" ", b"x", b"#", b'"']))
        if self._often(0.02):
            at = self.random.randint(0, len(line))
            line = line[:at] + self._pick([b"\0", b"\0 up x", b"\r", b"\xef\xbb\xbf"]) + line[at:]
        return line

    def _line(self):
        kind = self.random.random()
        if kind < 0.70:
            return self._directive() + self._pick(ENDS)
        if kind < 0.76:
            return self._pick([b"", b" ", b"\t"]) + self._pick([b"#", b";"]) + b"c" * self._pick([0, 3, 252, 253, 254, 255, 300]) + self._pick(ENDS)
        if kind < 0.94:
            return self._block(self._pick(BLOCKS + [b"up", b"unknown", b"connection"] if self._often(0.3) else BLOCKS))
        if kind < 0.97:
            return b"<connection>\nremote " + self._word() + b" 1194 udp\n" + (b"up x\n" if self._often(0.2) else b"") + b"</connection>\n"
        return self._pick([b"config /nonexistent\n", b"config stdin\n", b"</ca>\n", b"<>\n", b"<ca\n", b"ca [inline]\n", b"<ca> x\n", b"<ca>\n"])

    def _block(self, tag):
        begin = self._pick([b"<%s>"] * 6 + [b"\"<%s>\"", b"<%s> # c", b" <%s>", b"<%s> ", b"--<%s>", b"'<%s>'", b"<%s>x", b"<%s> x", b"\"--<%s>\""]) % tag
        end = self._pick([b"</%s>"] * 8 + [b" </%s>", b"\t</%s>", b"</%s>junk", b"</%s> ", b"x</%s>", b"</%s", b"\v</%s>", b"\"</%s>\"", b"</%s> # c",
                                           b"\xc2\xa0</%s>"]) % tag
        lines = []
        for _ in range(self.random.randint(0, 4)):
            lines.append(self._pick([b"AAAA", b"", b" x ", b"# no comment", b"up /bin/sh", b"\"", b"\\", b"\xff\xfe", b"\0x", b"a\0b\n", b"</other>", b"<key>",
                                     b"y" * 253, b"y" * 254, b"y" * 255, b"y" * 300, b"\r", b"z\v\f", b" </c", b"-----BEGIN X-----"]))
        return begin + self._pick(ENDS) + b"".join(line + self._pick(ENDS[:16]) for line in lines) + end + self._pick(ENDS)

    def _export(self, hostile):
        lines = [line for line in AWS[:12] if self._often(0.95)] + [self._pick(AWS) for _ in range(self.random.randint(0, 5))]
        end = self._pick([b"\n"] * 3 + [b"\r\n"])
        ca = b"<ca>\n" + (b"Certificate:\n    Data:\n" if self._often(0.3) else b"") + self.ca + b"</ca>"
        lines.insert(self.random.randint(0, len(lines)), ca.replace(b"\n", end))
        if self._often(0.3):
            lines.append(self._pick([b"cert /home/me/a.crt", b"key 'my key.pem'", b"<cert>\n</cert>", b"<key>\nabc\n</key>", b"cert \"C:\\\\x.crt\"",
                                     b"key C:\\x.key"]))
        if hostile:
            lines.insert(self.random.randint(0, len(lines)), self._line().rstrip(b"\r\n"))
        return self._finish(end.join(lines) + self._pick([end, b""]))

    def _boundary(self):
        """An end tag, or a quote, where openvpn's 256-byte buffer of a line ends."""
        size = self._pick([253, 254, 255, 256, 257, 509, 510, 511, 512])
        inside = self._pick([b"</ca>", b"</ca>\nup x", b"</ca> up x", b"\"", b"\\", b"\r", b"\0", b" #"])
        body = b"x" * (size + self.random.randint(-6, 1)) + inside
        return b"echo a\n<ca>\n" + body + self._pick([b"\n", b"\r\n", b" y\n"]) + self._pick([b"</ca>\n", b""]) + self._directive() + self._pick([b"\n", b""])

    def _mutated(self, text):
        text = bytearray(text)
        for _ in range(self.random.randint(1, 3)):
            at = self.random.randrange(len(text))
            what = self.random.random()
            if what < 0.4:
                text[at] = self.random.choice(b"\n\r\0\"'\\ #;<>/-\t\vA\xff")
            elif what < 0.7:
                text[at:at] = self._pick([b"\n", b'"', b"\\", b" ", b"<ca>", b"\0", b"#", b"\nup x\n"])
            else:
                del text[at:at + self.random.randint(1, 5)]
        return bytes(text)

    def _finish(self, text):
        if self._often(0.06):
            text = b"\xef\xbb\xbf" + text
        if self._often(0.02):
            text = text.replace(b"\n", b"\n\xef\xbb\xbf", 1)
        return text[:-1] if self._often(0.05) else text
