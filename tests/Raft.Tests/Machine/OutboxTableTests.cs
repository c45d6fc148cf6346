namespace RaftStream.Raft.Tests.Machine;

/// <summary>What of the outboxes of the nodes reaches the state machine.</summary>
[TestFixture]
internal sealed class OutboxTableTests
{
    private static readonly NodeId Node = new(3);

    [Test]
    public void Commands_of_an_epoch_run_in_order_and_each_once()
    {
        var table = new OutboxTable();
        Assert.That(Judge(table, 1, 7, 1), Is.EqualTo(Refusal.None));
        Assert.That(Judge(table, 1, 7, 1), Is.EqualTo(Refusal.ReplyNotKept));
        Assert.That(Judge(table, 1, 7, 3), Is.EqualTo(Refusal.OutboxGap));
        Assert.That(Judge(table, 1, 7, 2), Is.EqualTo(Refusal.None));
        Assert.That(Judge(table, 1, 7, 1), Is.EqualTo(Refusal.ReplyNotKept));
        Assert.That(table.LastOf(Node), Is.EqualTo(new OutboxPlace(1, 7, 2)));
    }

    [Test]
    public void A_later_epoch_begins_with_its_first_command_and_ends_the_one_before_for_good()
    {
        var table = new OutboxTable();
        Judge(table, 1, 7, 1);
        Assert.That(Judge(table, 5, 8, 2), Is.EqualTo(Refusal.OutboxGap));
        Assert.That(Judge(table, 5, 8, 1), Is.EqualTo(Refusal.None));
        Assert.That(Judge(table, 1, 7, 1), Is.EqualTo(Refusal.OutboxRetired));
        Assert.That(Judge(table, 1, 7, 2), Is.EqualTo(Refusal.OutboxRetired));
        Assert.That(Judge(table, 4, 9, 1), Is.EqualTo(Refusal.OutboxRetired));
    }

    [Test]
    public void Another_epoch_under_the_same_number_is_never_taken_for_it()
    {
        var table = new OutboxTable();
        Judge(table, 1, 7, 1);
        Assert.That(Judge(table, 1, 8, 1), Is.EqualTo(Refusal.OutboxRetired), "not run before, though its number is");
        Assert.That(Judge(table, 1, 8, 2), Is.EqualTo(Refusal.OutboxRetired));
    }

    [Test]
    public void Nodes_do_not_stand_in_each_others_way_up_to_as_many_as_are_counted()
    {
        var table = new OutboxTable();
        for (var node = 1; node <= OutboxTable.MaxNodes; node++)
            Assert.That(table.Judge(new(new(node), new(1, 7, 1))), Is.EqualTo(Refusal.None));
        Assert.That(table.Judge(new(new(OutboxTable.MaxNodes + 1), new(1, 7, 1))), Is.EqualTo(Refusal.OutboxTableFull));
        Assert.That(table.Judge(new(new(1), new(1, 7, 2))), Is.EqualTo(Refusal.None), "those that are there go on");
    }

    [Test]
    public void Bytes_and_hash_follow_from_the_places_alone()
    {
        var (one, other) = (new OutboxTable(), new OutboxTable());
        Assert.That(one.Hash, Is.Zero);
        Judge(one, 1, 7, 1);
        Judge(one, 2, 8, 1);
        one.Judge(new(new(9), new(1, 1, 1)));
        other.Judge(new(new(9), new(1, 1, 1)));
        Judge(other, 2, 8, 1);
        Assert.That((other.Hash, other.ToBytes()), Is.EqualTo((one.Hash, one.ToBytes())));
        var restored = new OutboxTable();
        Judge(restored, 9, 9, 1);
        restored.Restore(new BytesSource(one.ToBytes()));
        Assert.That((restored.Hash, restored.ToBytes(), restored.LastOf(Node)), Is.EqualTo((one.Hash, one.ToBytes(), new OutboxPlace(2, 8, 1))));
    }

    [TestCase(0, "another release")]
    [TestCase(9, "their number")]
    [TestCase(12, "their number")]
    [TestCase(23, "node")]
    [TestCase(31, "node")]
    public void A_damaged_table_is_refused(int place, string what)
    {
        var table = new OutboxTable();
        Judge(table, 1, 7, 1);
        var bytes = table.ToBytes();
        bytes[place] ^= 0xFF;
        Assert.That(() => table.Restore(new BytesSource(bytes)), Throws.TypeOf<InvalidDataException>().With.Message.Contains(what));
        Assert.That(() => table.Restore(new BytesSource(table.ToBytes()[..^1])), Throws.TypeOf<InvalidDataException>().With.Message.Contains("end"));
    }

    [Test]
    public void An_entry_reads_back_and_nothing_else_is_one()
    {
        var bytes = new OutboxEntry(Node, new(5, UInt128.MaxValue - 1, 9)).ToBytes([1, 2, 3]);
        Assert.That(OutboxEntry.TryRead(bytes, out var entry), Is.True);
        Assert.That((entry, bytes[OutboxEntry.HeaderSize..]), Is.EqualTo((new OutboxEntry(Node, new(5, UInt128.MaxValue - 1, 9)), new byte[] { 1, 2, 3 })));
        Assert.That(SessionEntry.TryRead(bytes, out _), Is.False);
        foreach (var (place, value) in new[] { (0, 2), (3, 1), (8, 0), (12, 1), (16, 0), (40, 0), (47, 0x80) })
        {
            var wrong = (byte[])bytes.Clone();
            wrong[place] = (byte)value;
            Assert.That(OutboxEntry.TryRead(wrong, out _), Is.False, $"byte {place}");
        }

        Assert.That(OutboxEntry.TryRead(bytes.AsSpan(0, OutboxEntry.HeaderSize - 1), out _), Is.False);
        Assert.That(OutboxEntry.TryRead(entry.ToBytes(new byte[OutboxEntry.MaxCommandBytes + 1]), out _), Is.False);
    }

    private static Refusal Judge(OutboxTable table, long start, int epoch, long sequence) => table.Judge(new(Node, new(start, (UInt128)epoch, sequence)));

    /// <summary>Bytes as a snapshot's, a few at a time.</summary>
    private sealed class BytesSource(byte[] bytes) : ISnapshotReader
    {
        private int _read;

        public LogPosition Position => LogPosition.Zero;

        public int Read(Span<byte> destination)
        {
            var count = Math.Min(Math.Min(destination.Length, 5), bytes.Length - _read);
            bytes.AsSpan(_read, count).CopyTo(destination);
            _read += count;
            return count;
        }
    }
}
