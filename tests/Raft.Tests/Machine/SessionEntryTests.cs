using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Machine;

internal sealed class SessionEntryTests
{
    [Test]
    public void The_entries_are_these_bytes()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Convert.ToHexString(SessionEntry.Open(TimeSpan.FromMilliseconds(1))), Is.EqualTo("0100000000000000" + "40420F0000000000"));
            Assert.That(Convert.ToHexString(SessionEntry.Close(new(258))), Is.EqualTo("0300000000000000" + "0201000000000000"));
            Assert.That(
                Convert.ToHexString(SessionEntry.Command(new(new(258), 7, 5, new byte[] { 0xAA, 0xBB }))),
                Is.EqualTo("0200000000000000" + "0201000000000000" + "0700000000000000" + "0500000000000000" + "AABB"));
        }
    }

    [Test]
    public void What_is_written_is_read()
    {
        Assert.That(SessionEntry.TryRead(SessionEntry.Open(TimeSpan.FromMinutes(10)), out var open), Is.True);
        Assert.That((open.Operation, open.IdleTimeout), Is.EqualTo((SessionOperation.Open, 600_000_000_000L)));
        Assert.That(SessionEntry.TryRead(SessionEntry.Close(new(3)), out var close), Is.True);
        Assert.That((close.Operation, close.Session.Value), Is.EqualTo((SessionOperation.Close, 3L)));
        Assert.That(SessionEntry.TryRead(SessionEntry.Command(new(new(3), 9, 8, default)), out var command), Is.True);
        Assert.That((command.Operation, command.Session.Value, command.Sequence, command.AcknowledgedUpTo), Is.EqualTo((SessionOperation.Command, 3L, 9L, 8L)));
    }

    [TestCase(1, 1)]
    [TestCase(1, 2)]
    [TestCase(0, 0)]
    [TestCase(5, -1)]
    [TestCase(-5, -6)]
    public void A_sequence_that_its_own_entry_acknowledges_or_that_is_below_one_is_refused(long sequence, long acknowledged) =>
        Assert.That(SessionEntry.TryRead(SessionEntry.Command(new(new(3), sequence, acknowledged, default)), out _), Is.False);

    [TestCase("")]
    [TestCase("01")]
    [TestCase("010000000000000040420F000000")]
    [TestCase("0001000000000000" + "40420F0000000000")]
    [TestCase("0400000000000000" + "0100000000000000")]
    [TestCase("0000000000000000" + "0100000000000000")]
    [TestCase("0100000000000000" + "3F420F0000000000")]
    [TestCase("0100000000000000" + "FFFFFFFFFFFFFF7F")]
    [TestCase("0100000000000000" + "40420F0000000000" + "00")]
    [TestCase("0300000000000000" + "0100000000000000" + "00")]
    [TestCase("0200000000000000" + "0100000000000000" + "0100000000000000")]
    public void Bytes_that_are_no_entry_are_refused(string bytes) =>
        Assert.That(SessionEntry.TryRead(Convert.FromHexString(bytes), out _), Is.False);

    [Test]
    public void No_bytes_make_it_throw()
    {
        var random = new SimRandom(11);
        var read = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = new byte[random.Below(40)];
            random.Fill(bytes);
            if (bytes.Length > 0 && random.Chance(0.9))
            {
                bytes.AsSpan(0, Math.Min(8, bytes.Length)).Clear();
                bytes[0] = (byte)random.Below(5);
            }

            read += SessionEntry.TryRead(bytes, out _) ? 1 : 0;
        }

        Assert.That(read, Is.GreaterThan(100));
    }

    [Test]
    public void Timeouts_out_of_range_are_refused_before_they_reach_the_log()
    {
        Assert.That(() => SessionEntry.Open(TimeSpan.FromMicroseconds(999)), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => SessionEntry.Open(TimeSpan.FromDays(31)), Throws.TypeOf<ArgumentOutOfRangeException>());
    }
}
