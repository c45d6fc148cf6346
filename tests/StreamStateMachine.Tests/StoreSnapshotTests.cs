using System.Buffers;

namespace RaftStream.StreamStateMachine.Tests;

[TestFixture]
public sealed class StoreSnapshotTests
{
    private static readonly PartitionName Name = new("job", "main");

    [Test]
    public void Equal_states_give_equal_bytes_and_hashes_whatever_led_there()
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var (first, second) = (new StoreHarness(), new StoreHarness());
            var model = Enumerable.Range(0, random.Next(200)).ToDictionary(i => $"key {i * 7919 % 1000}", _ => random.NextInt64(-5, 1_000_000), StringComparer.Ordinal);
            foreach (var (key, value) in model)
                first.Add(key, value);
            foreach (var (key, value) in model.OrderBy(_ => random.Next()))
            {
                second.Add($"passing {random.Next(50)}", 1);
                second.Add(key, 1);
                second.CompareAndSet(key, 1, value);
            }

            for (var i = 0; i < 50; i++)
                second.Delete($"passing {i}");
            first.Open(new("a", "x"));
            first.Open(new("b", "x"));
            second.Open(new("b", "x"));
            second.Open(new("a", "x"));
            first.Advance(StoreHarness.AdvanceBytes(new("b", "x"), 1, 0, 6, [("p", 1), ("q", 2)], 3, [new(0, 2, "l")]));
            second.Add("q", 1);
            second.Add("p", 1);
            second.Add("q", 1);
            second.Advance(StoreHarness.AdvanceBytes(new("b", "x"), 1, 0, 6, [], 3, [new(0, 2, "l")]));
            Assert.That(second.Snapshot(), Is.EqualTo(first.Snapshot()), $"seed {seed}");
            Assert.That(second.Hash, Is.EqualTo(first.Hash), $"seed {seed}");
        }
    }

    [Test]
    public void A_restored_store_is_the_old_one_and_goes_on_like_it()
    {
        var store = Filled();
        var copy = new StoreHarness();
        copy.Add("gone", 1);
        copy.Restore(store.Snapshot());
        Assert.That(copy.Hash, Is.EqualTo(store.Hash));
        Assert.That(copy.Snapshot(), Is.EqualTo(store.Snapshot()));
        Assert.That(copy.Get("gone").Exists, Is.False);
        Assert.That(copy.DeadLetters(Name, 1_000).Letters, Is.EqualTo(store.DeadLetters(Name, 1_000).Letters));
        foreach (var harness in new[] { store, copy })
        {
            harness.Advance(StoreHarness.AdvanceBytes(Name, 1, 20_000, 30_000, [("key 3", 5), ("new", 1)], 2, [new(20_000, 9, "x")]));
            harness.Delete("key 4");
        }

        Assert.That(copy.Snapshot(), Is.EqualTo(store.Snapshot()));
    }

    [Test]
    public void Each_part_of_the_state_shows_in_the_hash()
    {
        var changes = new Action<StoreHarness>[]
        {
            store => store.Add("key 1", 1), store => store.Add("zero", 0), store => store.Batch(static batch => batch.TrySet("text"u8, "other bytes"u8)), store => store.Batch(static batch => batch.TrySet("key 1"u8, ""u8)),
            store => store.Batch(static batch => batch.TrySet("empty"u8, "0"u8)), store => store.Delete("empty"), store => store.Delete("key 1"), store => store.Open(Name), store => store.Open(new("job", "other")),
            store => store.Advance(StoreHarness.AdvanceBytes(Name, 1, 20_000, 20_001, [])), store => store.Advance(StoreHarness.AdvanceBytes(Name, 1, 20_000, 20_001, [], words: 1)),
            store => store.Advance(StoreHarness.AdvanceBytes(Name, 1, 20_000, 20_001, [], letters: [new(20_000, 1, "x")])),
            store => store.Advance(StoreHarness.AdvanceBytes(Name, 1, 20_000, 20_001, [], letters: [new(20_000, 1, "y")])),
        };
        var hashes = new List<ulong> { Filled().Hash };
        foreach (var change in changes)
        {
            var store = Filled();
            change(store);
            hashes.Add(store.Hash);
        }

        Assert.That(hashes, Is.Unique);
    }

    [Test]
    public void A_view_keeps_the_state_of_its_moment()
    {
        var store = Filled();
        var before = store.Snapshot();
        using var view = store.Store.Capture();
        store.Add("later", 1);
        var bytes = new ArrayBufferWriter<byte>();
        while (view.WriteNext(bytes))
            store.Add("later", 1);
        Assert.That(bytes.WrittenSpan.ToArray(), Is.EqualTo(before));
    }

    [Test]
    public void A_snapshot_cut_short_or_with_more_behind_it_is_refused_and_the_old_state_stays()
    {
        var snapshot = Filled(40).Snapshot();
        var store = new StoreHarness();
        store.Add("old", 3);
        var hash = store.Hash;
        for (var length = 0; length < snapshot.Length; length++)
            Assert.That(() => store.Restore(snapshot[..length]), Throws.TypeOf<InvalidDataException>(), $"cut to {length} bytes");
        Assert.That(() => store.Restore([.. snapshot, 0]), Throws.TypeOf<InvalidDataException>());
        Assert.That(store.Hash, Is.EqualTo(hash));
        Assert.That(store.Get("old").Value, Is.EqualTo(3));
    }

    [Test]
    public void A_snapshot_with_one_wrong_bit_is_refused_with_a_sentence()
    {
        var snapshot = Filled(40).Snapshot();
        var store = new StoreHarness();
        for (var at = 0; at < snapshot.Length; at++)
        {
            var broken = (byte[])snapshot.Clone();
            broken[at] ^= (byte)(1 << (at % 8));
            Assert.That(() => store.Restore(broken), Throws.TypeOf<InvalidDataException>().With.Message.EndsWith("."), $"byte {at}");
        }

        store.Restore(snapshot);
    }

    [Test]
    public void Random_bytes_are_no_snapshot()
    {
        var random = new Random(4);
        var store = new StoreHarness();
        for (var round = 0; round < 2_000; round++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            Assert.That(() => store.Restore(bytes), Throws.TypeOf<InvalidDataException>());
        }
    }

    [Test]
    public void Counters_out_of_order_or_twice_are_refused()
    {
        var first = KeyHash.Of("a"u8) < KeyHash.Of("b"u8) ? "a" : "b";
        var second = first == "a" ? "b" : "a";
        foreach (var (keys, problem) in new[] { (new[] { second, first }, "order"), ([first, first], "order"), ([first, second], "state hash") })
        {
            var bytes = StoreHarness.Bytes(output =>
            {
                StoreSnapshot.WriteHead(output, 0);
                StoreSnapshot.WriteKeysHead(output, 2);
                foreach (var key in keys)
                    StoreSnapshot.WriteCounter(output, StoreHarness.Utf8(key), 1);
                StoreSnapshot.WriteEnd(output, 0);
            });
            Assert.That(() => new StoreHarness().Restore(bytes), Throws.TypeOf<InvalidDataException>().With.Message.Contains(problem));
        }
    }

    [Test]
    public void The_snapshot_of_an_old_layout_is_refused_with_a_sentence()
    {
        var snapshot = Filled(3).Snapshot();
        snapshot[1 + 1 + "raftstream-counts".Length] = 1;
        Assert.That(() => new StoreHarness().Restore(snapshot), Throws.TypeOf<InvalidDataException>().With.Message.Contains("layout 1"));
    }

    [Test]
    public void The_layout_before_bytes_is_read_and_has_none()
    {
        var store = new StoreHarness();
        store.Add("a", 5);
        store.Add("b", -7);
        var old = store.Snapshot();
        old[1 + 1 + "raftstream-counts".Length] = 2;
        var restored = new StoreHarness();
        restored.Restore(old);
        Assert.That((restored.Hash, restored.Get("b").Value), Is.EqualTo((store.Hash, -7L)));
        Assert.That(restored.Snapshot(), Is.EqualTo(store.Snapshot()), "it is written in the layout of today");
        store.Batch(static batch => batch.TrySet("a"u8, "text"u8));
        var mixed = store.Snapshot();
        mixed[1 + 1 + "raftstream-counts".Length] = 2;
        Assert.That(() => restored.Restore(mixed), Throws.TypeOf<InvalidDataException>().With.Message.Contains("at a value"));
    }

    [Test]
    public void Bytes_that_are_an_integer_are_refused()
    {
        var bytes = StoreHarness.Bytes(static output =>
        {
            StoreSnapshot.WriteHead(output, 0);
            StoreSnapshot.WriteKeysHead(output, 1);
            StoreSnapshot.WriteBytesHead(output, "a"u8, 2);
            output.Write("17"u8);
            StoreSnapshot.WriteEnd(output, 0);
        });
        Assert.That(() => new StoreHarness().Restore(bytes), Throws.TypeOf<InvalidDataException>().With.Message.Contains("an integer that is kept as bytes"));
    }

    [Test]
    public void Values_of_the_largest_size_are_written_in_pieces_and_restored()
    {
        var store = new StoreHarness();
        var random = new Random(9);
        for (var i = 0; i < 40; i++)
        {
            var value = new byte[StoreLimits.MaxValueBytes - i];
            random.NextBytes(value);
            store.Batch(batch => batch.TrySet(StoreHarness.Utf8($"key {i}" + new string('k', 4_000)), value));
        }

        var restored = new StoreHarness();
        restored.Restore(store.Snapshot());
        Assert.That(restored.Hash, Is.EqualTo(store.Hash));
        Assert.That(restored.Snapshot().AsSpan().SequenceEqual(store.Snapshot()), Is.True);
    }

    private static StoreHarness Filled(int keys = 500)
    {
        var store = new StoreHarness();
        store.Batch(static batch => batch.TrySetAll([("text"u8.ToArray(), "some bytes"u8.ToArray()), ("empty"u8.ToArray(), Array.Empty<byte>())]));
        for (var i = 0; i < keys; i++)
            store.Add($"key {i}", i * 1_000_003L);
        store.Open(Name);
        store.Advance(StoreHarness.AdvanceBytes(Name, 1, 0, 20_000, [("word", 2)], 2, [.. Enumerable.Range(0, keys / 4).Select(i => new DeadLetter(i * 30, 20, $"letter {i}"))]));
        return store;
    }
}
