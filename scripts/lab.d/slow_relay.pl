#!/usr/bin/perl
# A TCP relay that hands on what comes back late. Usage: slow_relay.pl PORT TARGET_PORT DELAY_MS; it connects to the
# address that it was reached at. Late only between SIGUSR1 and SIGUSR2, so that a connection can be made before.
use strict;
use warnings;
use IO::Socket::IP;
use IO::Select;
use Time::HiRes qw(time);

my ($port, $target, $delay) = @ARGV;
my $is_late = 0;
$SIG{USR1} = sub { $is_late = 1 };
$SIG{USR2} = sub { $is_late = 0 };
$SIG{PIPE} = 'IGNORE';
my $listener = IO::Socket::IP->new(LocalHost => '::', LocalPort => $port, V6Only => 0, Listen => 64, ReuseAddr => 1)
  or die "slow_relay: $@\n";
my $select = IO::Select->new($listener);
my (%other, %is_back, @late);    # socket -> its peer; sockets of the target's side; [when, to, bytes], oldest first

sub drop {
    my ($one) = @_;
    my $two = delete $other{$one} or return;
    delete $other{$two};
    delete @is_back{$one, $two};
    @late = grep { $_->[1] != $one && $_->[1] != $two } @late;
    $select->remove($one, $two);
    close $one;
    close $two;
}

while (1) {
    my $wait = @late ? $late[0][0] - time : undef;
    for my $ready ($select->can_read(defined $wait && $wait < 0 ? 0 : $wait)) {
        if ($ready == $listener) {
            my $client = $listener->accept or next;
            (my $address = $client->sockhost) =~ s/^::ffff://;
            my $node = IO::Socket::IP->new(PeerHost => $address, PeerPort => $target, Timeout => 1);
            if (!$node) { close $client; next }
            $other{$client} = $node;
            $other{$node} = $client;
            $is_back{$node} = 1;
            $select->add($client, $node);
            next;
        }
        next unless $other{$ready};
        if (!sysread $ready, my $bytes, 65536) { drop($ready) }
        elsif ($is_back{$ready}) { push @late, [time + ($is_late ? $delay / 1000 : 0), $other{$ready}, $bytes] }
        else { syswrite $other{$ready}, $bytes }
    }
    while (@late && $late[0][0] <= time) {
        my (undef, $to, $bytes) = @{shift @late};
        syswrite $to, $bytes;
    }
}
