using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine.Tests;

[TestFixture]
public sealed class StoreBatchTests
{
    private static readonly byte[] Key = "k"u8.ToArray();

    [Test]
    public void A_batch_takes_so_many_operations_and_reads_and_bytes_and_no_more()
    {
        var batch = new StoreBatch();
        for (var i = 0; i < StoreBatch.MaxReads; i++)
            Assert.That(batch.TryGet(Key), Is.True);
        Assert.That(batch.TryGet(Key), Is.False, "a read too many");
        while (batch.Count < StoreBatch.MaxOperations)
            Assert.That(batch.TryIncrement(Key, -1), Is.True);
        var full = batch.Command;
        Assert.That((batch.TryIncrement(Key, 1), batch.TrySet(Key, Key), batch.TryDelete(Key), batch.TrySetAll([(Key, Key)])), Is.EqualTo((false, false, false, false)));
        Assert.That(batch.Command.Span.SequenceEqual(full.Span), Is.True, "what was refused left nothing in it");

        batch.Clear();
        Assert.That(batch.Count, Is.Zero);
        var large = new byte[StoreLimits.MaxValueBytes];
        var sets = 0;
        while (batch.TrySet(Key, large))
            sets++;
        Assert.That(sets, Is.EqualTo(15));
        Assert.That(batch.Command.Length, Is.LessThanOrEqualTo(StoreBatch.MaxBytes).And.GreaterThan(StoreBatch.MaxBytes - StoreLimits.MaxValueBytes - 64));
        Assert.That(new StoreHarness().Apply(batch.Command), Is.EqualTo(Applied(15)), "the store takes the largest batch");
    }

    [Test]
    public void All_operations_together_take_so_many_pairs()
    {
        var batch = new StoreBatch();
        var pairs = Enumerable.Range(0, StoreBatch.MaxPairs).Select(static i => ((ReadOnlyMemory<byte>)StoreHarness.Utf8($"{i}"), (ReadOnlyMemory<byte>)Key)).ToList();
        Assert.That(batch.TrySetAll(pairs), Is.True);
        Assert.That(batch.TrySetAll([(Key, Key)]), Is.False);
        Assert.That(batch.TrySet(Key, Key), Is.True);
        var store = new StoreHarness();
        Assert.That(store.Apply(batch.Command), Is.EqualTo(Applied(2)));
        Assert.That(store.Stats().Keys, Is.EqualTo(StoreBatch.MaxPairs + 1));
    }

    [Test]
    public void What_is_no_key_or_no_value_is_told_at_once()
    {
        var batch = new StoreBatch();
        var value = new byte[StoreLimits.MaxValueBytes + 1];
        var key = new byte[StoreLimits.MaxKeyBytes + 1];
        Assert.That(() => batch.TrySet([], Key), Throws.ArgumentException.With.Message.StartsWith("The 0 bytes are no key: give 1 to 4096 bytes of valid UTF-8."));
        Assert.That(() => batch.TryGet(key), Throws.ArgumentException);
        Assert.That(() => batch.TryIncrement([0xFF], 1), Throws.ArgumentException);
        Assert.That(() => batch.TryDelete([0xFF]), Throws.ArgumentException);
        Assert.That(() => batch.TrySet(Key, value), Throws.ArgumentException.With.Message.StartsWith("The value takes 65537 bytes: give one of 65536 at the most."));
        Assert.That(() => batch.TrySetAll([(Key, Key), (Key, value)]), Throws.ArgumentException);
        Assert.That(() => batch.TrySetAll([]), Throws.ArgumentException);
        Assert.That(batch.Count, Is.Zero);
    }

    [Test]
    public void A_command_stays_as_it_is_when_the_batch_is_used_again()
    {
        var batch = new StoreBatch();
        batch.TrySet(Key, "first"u8);
        var first = batch.Command;
        var copy = first.ToArray();
        batch.Clear();
        batch.TrySet(Key, "other"u8);
        Assert.That(first.ToArray(), Is.EqualTo(copy));
        Assert.That(batch.Command.ToArray(), Is.Not.EqualTo(copy));
    }

    [Test]
    public void No_bytes_make_a_batch_throw_or_change_a_part_of_it()
    {
        var batch = new StoreBatch();
        batch.TrySet("a"u8, "text"u8);
        batch.TrySetAll([("c"u8.ToArray(), "x"u8.ToArray()), ("b"u8.ToArray(), "1"u8.ToArray())]);
        batch.TryIncrement("n"u8, 5);
        batch.TryGet("a"u8);
        batch.TryDelete("a"u8);
        var whole = batch.Command.ToArray();
        var store = new StoreHarness();
        for (var length = 0; length < whole.Length; length++)
            Assert.That(store.Apply(whole.AsMemory(0, length)), Is.EqualTo(Declined(StoreProblem.Malformed)), $"{length} bytes");
        Assert.That(store.Apply((byte[])[.. whole, 0]), Is.EqualTo(Declined(StoreProblem.Malformed)), "a byte behind it");
        Assert.That(store.Hash, Is.EqualTo(new StoreHarness().Hash), "nothing was changed");
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = (byte[])whole.Clone();
            bytes[random.Next(2, bytes.Length)] = (byte)random.Next(256);
            Assert.That(BatchReply.TryRead(store.Apply(bytes), out _, out _), Is.True);
        }
    }

    [TestCase(StoreBatch.MaxReads + 1, "16 reads are the most")]
    [TestCase(StoreBatch.MaxOperations + 1, "1,024 operations are the most")]
    public void A_batch_beyond_the_bounds_is_declined_by_the_store(int gets, string why)
    {
        var command = StoreHarness.Bytes(output =>
        {
            var writer = new MessagePackWriter(output);
            writer.WriteArrayHeader(2);
            writer.Write((ulong)StoreOpcode.Batch);
            writer.WriteArrayHeader(gets);
            for (var i = 0; i < gets; i++)
            {
                writer.WriteArrayHeader(2);
                writer.Write((ulong)(gets > StoreBatch.MaxOperations ? BatchOpcode.Delete : BatchOpcode.Get));
                writer.WriteString("k"u8);
            }
        });
        Assert.That(new StoreHarness().Apply(command), Is.EqualTo(Declined(StoreProblem.Malformed)), why);
    }

    [Test]
    public void Pairs_out_of_order_or_twice_are_declined()
    {
        foreach (var (first, second) in new[] { ("b", "a"), ("a", "a") })
        {
            var command = StoreHarness.Bytes(output =>
            {
                var writer = new MessagePackWriter(output);
                writer.WriteArrayHeader(2);
                writer.Write((ulong)StoreOpcode.Batch);
                writer.WriteArrayHeader(1);
                writer.WriteArrayHeader(2);
                writer.Write((ulong)BatchOpcode.SetAll);
                writer.WriteMapHeader(2);
                writer.WriteString(first);
                writer.WriteBinary("x"u8);
                writer.WriteString(second);
                writer.WriteBinary("x"u8);
            });
            Assert.That(new StoreHarness().Apply(command), Is.EqualTo(Declined(StoreProblem.Malformed)));
        }
    }

    private static byte[] Applied(int operations) => StoreHarness.Bytes(output =>
    {
        var writer = ReplyCode.Begin(output, StoreProblem.None, 2);
        writer.WriteArrayHeader(operations);
        for (var i = 0; i < operations; i++)
        {
            BatchReply.WriteResult(writer, StoreProblem.None, existed: i > 0 && operations == 15);
            writer.WriteNil();
        }
    });

    private static byte[] Declined(StoreProblem problem) => StoreHarness.Bytes(output => ReplyCode.WriteDeclined(output, problem));
}
