using System.Buffers;
using System.Text;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>Views of a store that goes on changing: what they hold, and what they cost.</summary>
[TestFixture]
[NonParallelizable] // It measures the memory of the process.
public sealed class CaptureTests
{
    private static readonly PartitionName Name = new("job", "main");

    /// <summary>
    /// Two replicas apply the same commands. One restores a snapshot now and then and is captured at random moments, with views that
    /// live side by side and are written while it applies; the other does nothing of that. Their snapshots are the same bytes.
    /// </summary>
    [Test]
    public void Neither_captures_nor_restores_show_in_the_bytes_and_each_view_is_its_moment()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var (plain, busy) = (new StoreHarness(), new StoreHarness());
            var commands = new RandomCommands(random, 1 << random.Next(2, 13), withBytes: seed % 2 == 0);
            var views = new List<(ISnapshotView View, ArrayBufferWriter<byte> Written, byte[] Expected)>();
            for (var step = 0; step < 3_000; step++)
            {
                var command = commands.Next();
                Assert.That(busy.Apply(command), Is.EqualTo(plain.Apply(command)), $"seed {seed}, step {step}");
                if (random.Next(300) == 0)
                    views.Add((busy.Store.Capture(), new(), plain.Snapshot()));
                if (random.Next(600) == 0)
                    busy.Restore(busy.Snapshot());
                if (views.Count > 0 && random.Next(20) == 0)
                    GoOn(views, random, $"seed {seed}, step {step}");
            }

            Assert.That(busy.Hash, Is.EqualTo(plain.Hash), $"seed {seed}");
            Assert.That(busy.Snapshot(), Is.EqualTo(plain.Snapshot()), $"seed {seed}");
            while (views.Count > 0)
                GoOn(views, random, $"seed {seed}, at the end");
        }
    }

    [Test]
    public void Counters_are_listed_by_hash_and_then_by_bytes_even_where_all_hashes_are_equal()
    {
        var table = new CountTable(1 << 20, 1 << 28);
        var keys = Enumerable.Range(0, 200_000).Select(i => Encoding.ASCII.GetBytes($"{i * 7}"))
            .Concat(Enumerable.Range(0, 3_000).Select(i => Colliding((ulong)i * 0x1234_5678_9ABC)))
            .ToArray();
        foreach (var key in keys)
            table.Add(key, 1);
        Assert.That(keys[^3_000..].Select(key => KeyHash.Of(key)).Distinct().Count(), Is.EqualTo(1), "these were made to collide");
        Assert.That(keys.All(key => table.Find(key) >= 0), Is.True);
        var frozen = table.Freeze();
        var order = new HashOrder(frozen);
        var listed = new List<byte[]>();
        while (order.TryNext(out var entry))
            listed.Add(frozen.Keys.KeyOf(entry).ToArray());
        Array.Sort(keys, static (left, right) => HashOrder.Compare(KeyHash.Of(left), left, KeyHash.Of(right), right));
        Assert.That(listed, Has.Count.EqualTo(keys.Length));
        Assert.That(listed.Zip(keys).All(static pair => pair.First.AsSpan().SequenceEqual(pair.Second)), Is.True);
        foreach (var key in keys[..150_000])
            table.RemoveAt(table.Find(key));
        Assert.That(keys.Count(key => table.Find(key) >= 0), Is.EqualTo(keys.Length - 150_000));
    }

    /// <summary>Bytes allocated stand for pages copied: unlike time, they are the same on every machine.</summary>
    [Test]
    public void With_a_million_keys_no_change_and_no_capture_copies_more_than_some_pages()
    {
        var table = new CountTable(1 << 21, 1 << 28);
        var largest = 0L;
        for (var i = 0; i < 1_000_000; i++)
            largest = Math.Max(largest, AllocatedBy(() => table.Add(Encoding.ASCII.GetBytes($"counter-{i:d9}"), i)));
        Assert.That(largest, Is.LessThan(256 * 1024), "the largest step of growing");
        var store = new StoreHarness(new CountingStore(table));
        ISnapshotView? view = null;
        Assert.That(AllocatedBy(() => view = store.Store.Capture()), Is.LessThan(256 * 1024), "the lists of pages, not the pages");
        Assert.That(AllocatedBy(() => store.Add("counter-000123456", 1)), Is.InRange(8 * 1024, 16 * 1024), "one page of entries");
        Assert.That(AllocatedBy(() => store.Add("counter-000123457", 1)), Is.LessThan(8 * 1024), "the same page again");
        view!.Dispose();
        Assert.That(AllocatedBy(() => store.Add("counter-000923456", 1)), Is.LessThan(8 * 1024), "nothing is copied for a view that is gone");
        var removed = 0L;
        for (var i = 0; i < 700_000; i++)
        {
            var number = table.Find(Encoding.ASCII.GetBytes($"counter-{i:d9}"));
            removed = Math.Max(removed, AllocatedBy(() => table.RemoveAt(number)));
        }

        Assert.That(removed, Is.LessThan(256 * 1024), "keys are moved to new pages a few at a time");
        Assert.That(table.Add("counter-000999999"u8, 0), Is.False);
    }

    [Test]
    public void A_warm_store_applies_additions_to_existing_keys_without_allocating([Values("key ", "")] string prefix)
    {
        var store = new CountingStore(historyBytes: 64 * 1024);
        var payloads = Enumerable.Range(0, 512).Select(i => new ReadOnlyMemory<byte>(StoreHarness.Bytes(output => StoreCommand.WriteAdd(output, StoreHarness.Utf8($"{prefix}{i}"), 1)))).ToArray();
        var commands = new Command[payloads.Length];
        var index = 0L;
        var replies = new ArrayBufferWriter<byte>(64 * 1024);
        var ends = new int[512];
        Apply(100);
        using (store.Capture())
            Apply(3);
        Apply(100);
        Assert.That(AllocatedBy(() => Apply(100)), Is.Zero, "51,200 commands, after a view that is gone");

        void Apply(int times)
        {
            for (; times > 0; times--)
            {
                for (var i = 0; i < commands.Length; i++)
                    commands[i] = new(new(new(++index), new(1)), 0, payloads[i]);
                replies.ResetWrittenCount();
                var results = new Results(replies, ends);
                store.Apply(new CommandBatch(commands), ref results);
            }
        }
    }

    [Test]
    public void A_view_that_is_gone_holds_no_pages_even_if_someone_keeps_it()
    {
        var store = new StoreHarness();
        for (var i = 0; i < 200_000; i++)
            store.Add($"key {i}", i);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var views = new List<ISnapshotView>();
        for (var round = 0; round < 5; round++)
        {
            views.Add(store.Store.Capture());
            for (var i = 0; i < 200_000; i += 50)
                store.Add($"key {i}", 1);
        }

        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.GreaterThan(10 << 20), "five states");
        foreach (var view in views)
            view.Dispose();
        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(5 << 20), "one state, and as many pages to be used again");
        var allocated = AllocatedBy(() =>
        {
            using (store.Store.Capture())
                store.Add("key 100", 1);
        });
        Assert.That(allocated, Is.LessThan(100 * 1024), "the list of pages, but no page");
        Assert.That(views, Has.Count.EqualTo(5));
    }

    [Test]
    public void A_view_disposed_half_way_or_whose_destination_failed_says_so_instead_of_looking_complete()
    {
        var store = new StoreHarness();
        for (var i = 0; i < 20_000; i++)
            store.Add($"key {i}", i);
        using (var view = store.Store.Capture())
        {
            Assert.That(view.WriteNext(new ArrayBufferWriter<byte>()), Is.True);
            view.Dispose();
            view.Dispose();
            Assert.That(() => view.WriteNext(new ArrayBufferWriter<byte>()), Throws.TypeOf<ObjectDisposedException>());
        }

        using (var view = store.Store.Capture())
        {
            Assert.That(() => view.WriteNext(new FullDestination()), Throws.TypeOf<IOException>());
            Assert.That(() => view.WriteNext(new ArrayBufferWriter<byte>()), Throws.TypeOf<ObjectDisposedException>());
        }

        using (var view = store.Store.Capture())
        {
            var all = new ArrayBufferWriter<byte>();
            while (view.WriteNext(all))
                continue;
            Assert.That(view.WriteNext(all), Is.False, "the end stays the end");
            view.Dispose();
            Assert.That(view.WriteNext(all), Is.False);
            Assert.That(all.WrittenSpan.ToArray(), Is.EqualTo(store.Snapshot()));
        }
    }

    [Test]
    public void Keys_of_a_view_stay_however_often_those_of_the_store_are_moved()
    {
        var store = new StoreHarness();
        Fill(0);
        var expected = store.Snapshot();
        using var view = store.Store.Capture();
        for (var round = 1; round < 8; round++)
        {
            Fill(round);
            for (var i = 0; i < 1_000; i++)
                store.Delete(Key(round - 1, i));
        }

        var written = new ArrayBufferWriter<byte>();
        while (view.WriteNext(written))
            continue;
        Assert.That(written.WrittenSpan.SequenceEqual(expected), Is.True);

        void Fill(int round)
        {
            for (var i = 0; i < 1_000; i++)
                store.Add(Key(round, i), i);
        }

        static string Key(int round, int i) => $"{i} of {round} " + new string((char)('a' + round), 800);
    }

    /// <summary>What another thread may do at the worst moment, done from within.</summary>
    [Test]
    public void A_view_disposed_in_the_middle_of_a_piece_keeps_its_pages_to_the_end_of_it()
    {
        var store = new StoreHarness();
        for (var i = 0; i < 3_000; i++)
            store.Add($"key {i}", i);
        var expected = store.Snapshot();
        var view = store.Store.Capture();
        var destination = new Intruder(() =>
        {
            view.Dispose();
            for (var i = 0; i < 3_000; i++)
                store.CompareAndSet($"key {i}", i, 1_000_000);
        });
        Assert.That(view.WriteNext(destination), Is.True);
        Assert.That(destination.Bytes.WrittenSpan.SequenceEqual(expected), Is.True);
        Assert.That(AllocatedBy(() => store.Add("key 7", 1)), Is.LessThan(8 * 1024), "and gives them back then");
    }

    [Test]
    public void Partitions_and_their_dead_letters_are_captured_too_in_pieces()
    {
        var store = new StoreHarness();
        for (var i = 0; i < 40; i++)
        {
            var name = new PartitionName("job", $"{i:d2}");
            store.Open(name);
            store.Advance(StoreHarness.AdvanceBytes(name, 1, 0, 100_000, [], letters: Letters(0, 1_000)));
        }

        var before = store.Snapshot();
        using var view = store.Store.Capture();
        store.Open(new("job", "07"));
        store.Advance(StoreHarness.AdvanceBytes(new("job", "08"), 1, 100_000, 200_000, [("word", 1)], 1, Letters(100_000, 500)));
        store.Open(new("job", "new"));
        Assert.That(store.Job(new("job", "07")).Epoch, Is.EqualTo(2));
        Assert.That(store.Job(new("job", "08")).Offset, Is.EqualTo(200_000));
        var bytes = new ArrayBufferWriter<byte>();
        var pieces = 0;
        while (view.WriteNext(bytes))
            pieces++;
        Assert.That(bytes.WrittenSpan.ToArray(), Is.EqualTo(before));
        Assert.That(pieces, Is.GreaterThan(10));
        Assert.That(store.Snapshot(), Is.Not.EqualTo(before));

        static List<DeadLetter> Letters(long offset, int count) => [.. Enumerable.Range(0, count).Select(i => new DeadLetter(offset + (i * 90), 80, new string('x', 64)))];
    }

    /// <summary>Writes some pieces of a view, or disposes it unfinished; a view that is whole is compared.</summary>
    private static void GoOn(List<(ISnapshotView View, ArrayBufferWriter<byte> Written, byte[] Expected)> views, Random random, string where)
    {
        var place = random.Next(views.Count);
        var (view, written, expected) = views[place];
        if (random.Next(50) != 0 && view.WriteNext(written))
            return;
        if (written.WrittenCount >= expected.Length)
            Assert.That(written.WrittenSpan.SequenceEqual(expected), Is.True, where);
        else
            Assert.That(written.WrittenSpan.SequenceEqual(expected.AsSpan(0, written.WrittenCount)), Is.True, where);
        view.Dispose();
        views.RemoveAt(place);
    }

    private static long AllocatedBy(Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>Keys of sixteen bytes that all have one hash: the second half undoes what the first one did to it.</summary>
    private static byte[] Colliding(ulong first)
    {
        const ulong Multiplier = 0xD6E8_FEB8_6659_FD93;
        var state = 0x9E37_79B9_7F4A_7C15 ^ unchecked(16 * Multiplier);
        state = unchecked((state ^ first) * Multiplier);
        state ^= state >> 32;
        return [.. BitConverter.GetBytes(first), .. BitConverter.GetBytes(state ^ 42)];
    }

    /// <summary>Takes bytes, and does something once in the middle of them.</summary>
    private sealed class Intruder(Action intrude) : IBufferWriter<byte>
    {
        private int _calls;

        public ArrayBufferWriter<byte> Bytes { get; } = new();

        public void Advance(int count)
        {
            Bytes.Advance(count);
            if (++_calls == 300)
                intrude();
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => Bytes.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => Bytes.GetSpan(sizeHint);
    }

    private sealed class FullDestination : IBufferWriter<byte>
    {
        public void Advance(int count) => throw new IOException("There is no room.");

        public Memory<byte> GetMemory(int sizeHint = 0) => new byte[64 * 1024];

        public Span<byte> GetSpan(int sizeHint = 0) => new byte[64 * 1024];
    }
}
