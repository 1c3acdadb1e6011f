#!/usr/bin/perl
# A captive portal's web server: whatever anybody asks for, it redirects to a login page. Usage: portal.pl PORT
use strict;
use warnings;
use IO::Socket::IP;
use Socket qw(IPPROTO_IPV6 IPV6_V6ONLY);

$SIG{PIPE} = 'IGNORE';
my $listener = IO::Socket::IP->new(LocalHost => '::', LocalPort => shift, V6Only => 0, Listen => 64, ReuseAddr => 1)
  or die "portal: $@\n";
while (my $client = $listener->accept) {
    # One at a time, and nobody may hold it up: the request is not waited for longer than a second.
    my $bits = '';
    vec($bits, fileno($client), 1) = 1;
    if (select($bits, undef, undef, 1)) {
        sysread $client, my $request, 4096;
        syswrite $client, "HTTP/1.1 302 Found\r\nLocation: http://portal.lab.test/login\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    }
    close $client;
}
