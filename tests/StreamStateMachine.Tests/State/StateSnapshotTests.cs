using System.Buffers;

namespace RaftStream.StreamStateMachine.Tests;

[TestFixture]
internal sealed class StateSnapshotTests
{
    [Test]
    public void A_restored_tree_is_the_old_one_and_its_pages_are_nine_tenths_full([Values] KeyKind kind)
    {
        var tree = Filled(kind, 4_000, 3_000, seed: 5);
        var copy = Read(Write(tree));
        TreeWalk.AssertSound(copy, "the copy");
        Assert.That((copy.Count, copy.Bytes, copy.Hash), Is.EqualTo((tree.Count, tree.Bytes, tree.Hash)));
        Assert.That(Write(copy).AsSpan().SequenceEqual(Write(tree)), Is.True);
        if (kind is KeyKind.Up or KeyKind.LongCommonPrefix)
            Assert.That(TreeWalk.Fill(copy), Is.InRange(0.75, 0.93), $"{copy.Pages} pages");
    }

    [Test]
    public void An_empty_tree_is_written_and_read()
    {
        var bytes = Write(new StateTree(new()));
        Assert.That(bytes, Is.EqualTo(new byte[] { 0x92, 0, 0 }));
        Assert.That(Read(bytes).Count, Is.Zero);
    }

    [Test]
    public void Equal_entries_give_equal_bytes_whatever_led_there()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var model = new SortedDictionary<byte[], byte[]>(KeyBytesOrder.Instance);
            var changes = new StateChanges(random, KeyKind.AnyLength, 500, 20_000);
            for (var i = 0; i < 200; i++)
                model[changes.NextKey()] = changes.NextValue();
            var (first, second) = (new StateTree(new()), new StateTree(new()));
            foreach (var (key, value) in model)
                first.Put(key, value);
            foreach (var (key, value) in model.OrderBy(_ => random.Next()))
            {
                second.Put(changes.NextKey(), changes.NextValue());
                second.Put(key, changes.NextValue());
            }

            foreach (var (key, value) in model.OrderBy(_ => random.Next()))
                second.Put(key, value);
            for (var cursor = new TreeCursor(); second.Count > model.Count;)
            {
                for (second.Freeze().TryCeiling(default, cursor); model.ContainsKey(cursor.Key.ToArray()); cursor.MoveNext())
                    continue;
                second.Remove(cursor.Key.ToArray());
            }

            Assert.That(Write(second).AsSpan().SequenceEqual(Write(first)), Is.True, $"seed {seed}");
        }
    }

    [Test]
    public void The_largest_values_are_written_in_pieces_and_read()
    {
        var tree = new StateTree(new());
        var random = new Random(9);
        for (var i = 0; i < 5; i++)
        {
            var value = new byte[StateTree.MaxValueBytes - i];
            random.NextBytes(value);
            tree.Put([.. new byte[StateTree.MaxKeyBytes - 1], (byte)i], value);
        }

        var copy = Read(Write(tree));
        TreeWalk.AssertSound(copy, "the copy");
        Assert.That(copy.Hash, Is.EqualTo(tree.Hash));
    }

    [Test]
    public void A_destination_that_fails_ends_the_snapshot()
    {
        using var snapshot = new StateSnapshot(Filled(KeyKind.Short, 5_000, 40, seed: 1).Freeze());
        Assert.That(() => snapshot.WriteNext(new Failing()), Throws.TypeOf<IOException>());
        Assert.That(() => snapshot.WriteNext(new ArrayBufferWriter<byte>()), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void A_snapshot_cut_short_is_refused()
    {
        var snapshot = Write(Filled(KeyKind.Short, 60, 40, seed: 1));
        for (var length = 0; length < snapshot.Length; length++)
            Assert.That(() => Read(snapshot[..length]), Throws.TypeOf<InvalidDataException>().With.Message.EndsWith("."), $"cut to {length} bytes");
    }

    [Test]
    public void A_snapshot_with_one_wrong_bit_is_refused_with_a_sentence()
    {
        var snapshot = Write(Filled(KeyKind.Short, 30, 40, seed: 1));
        for (var at = 0; at < snapshot.Length * 8; at++)
        {
            var broken = (byte[])snapshot.Clone();
            broken[at / 8] ^= (byte)(1 << (at % 8));
            Assert.That(() => Read(broken), Throws.TypeOf<InvalidDataException>().With.Message.EndsWith("restore another copy of it."), $"bit {at}");
        }

        Read(snapshot);
    }

    [TestCase(new byte[] { 0x94, 1, 0, 0xC4, 0, 0xC4, 0 }, "a key of a job:", TestName = "An_empty_key_is_refused")]
    [TestCase(new byte[] { 0x94, 1, 0, 0xA1, 1, 0xC4, 0 }, "a key of a job:", TestName = "A_key_of_text_is_refused")]
    [TestCase(new byte[] { 0x94, 1, 0, 0xC4, 1, 1, 0xA0 }, "a value of a job:", TestName = "A_value_of_text_is_refused")]
    [TestCase(new byte[] { 0x94, 1, 0, 0xC4, 1, 1, 0xC4, 0 }, "a hash", TestName = "A_wrong_hash_is_refused")]
    [TestCase(new byte[] { 0x96, 2, 0, 0xC4, 1, 2, 0xC4, 0, 0xC4, 1, 1, 0xC4, 0 }, "out of order", TestName = "Keys_out_of_order_are_refused")]
    [TestCase(new byte[] { 0x96, 2, 0, 0xC4, 1, 2, 0xC4, 0, 0xC4, 1, 2, 0xC4, 0 }, "out of order", TestName = "A_key_twice_is_refused")]
    [TestCase(new byte[] { 0x94, 2, 0, 0xC4, 1, 1, 0xC4, 0 }, "the count", TestName = "A_wrong_count_is_refused")]
    [TestCase(new byte[] { 0x94, 0xFF, 0, 0xC4, 1, 1, 0xC4, 0 }, "the count", TestName = "A_negative_count_is_refused")]
    [TestCase(new byte[] { 0x94, 1, 0xFF, 0xC4, 1, 1, 0xC4, 0 }, "the hash", TestName = "A_negative_hash_is_refused")]
    [TestCase(new byte[] { 0x94, 1, 0, 0xC4, 1, 1, 0xC6, 0, 0x10, 0, 1, 0 }, "a value of a job", TestName = "A_value_that_is_not_there_is_refused")]
    public void Damage_is_named(byte[] snapshot, string expected) =>
        Assert.That(() => Read(snapshot), Throws.TypeOf<InvalidDataException>().With.Message.Contains(expected));

    [Test]
    public void Keys_and_values_that_are_too_long_are_refused()
    {
        Assert.That(() => Read(Entry(StateTree.MaxKeyBytes + 1, 0)), Throws.TypeOf<InvalidDataException>().With.Message.Contains("a key of a job:"));
        Assert.That(() => Read(Entry(1, StateTree.MaxValueBytes + 1)), Throws.TypeOf<InvalidDataException>().With.Message.Contains("a value of a job:"));
        Assert.That(() => Read(Entry(StateTree.MaxKeyBytes, StateTree.MaxValueBytes)), Throws.TypeOf<InvalidDataException>().With.Message.Contains("a hash"));
    }

    /// <summary>A snapshot of the tree as it is, in pieces that are not too large.</summary>
    internal static byte[] Write(StateTree tree) => Write(tree.Freeze());

    internal static byte[] Write(FrozenTree tree)
    {
        using var snapshot = new StateSnapshot(tree);
        var all = new ArrayBufferWriter<byte>();
        while (true)
        {
            var before = all.WrittenCount;
            if (!snapshot.WriteNext(all))
                return all.WrittenSpan.ToArray();
            Assert.That(all.WrittenCount - before, Is.InRange(1, PieceWriter.PieceSize));
        }
    }

    internal static StateTree Read(byte[] snapshot)
    {
        var tree = new StateTree(new());
        StateSnapshot.Read(new(new BytesReader(snapshot, new Random(snapshot.Length))), tree);
        return tree;
    }

    private sealed class Failing : IBufferWriter<byte>
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();

        public void Advance(int count) => _bytes.Advance(count);

        public Memory<byte> GetMemory(int sizeHint = 0) => throw new NotSupportedException();

        public Span<byte> GetSpan(int sizeHint = 0) => _bytes.WrittenCount < 1_000 ? _bytes.GetSpan(sizeHint) : throw new IOException("the disk is full");
    }

    private static byte[] Entry(int key, int value)
    {
        var bytes = new ArrayBufferWriter<byte>();
        StateSnapshot.WriteHead(bytes, 1, 0);
        StateSnapshot.WriteEntryHead(bytes, new byte[key], value);
        bytes.Write(new byte[value]);
        return bytes.WrittenSpan.ToArray();
    }

    private static StateTree Filled(KeyKind kind, int entries, int largestValue, int seed)
    {
        var changes = new StateChanges(new Random(seed), kind, entries, largestValue);
        var tree = new StateTree(new());
        for (var i = 0; i < entries; i++)
            tree.Put(changes.NextKey(), changes.NextValue());
        return tree;
    }
}
