namespace RaftStream.StreamStateMachine.Tests;

[TestFixture]
public sealed class WatchTests
{
    private static readonly PartitionName Name = new("job", "main");

    [Test]
    public void A_watch_tells_each_change_once_and_in_order_and_not_what_changed_nothing()
    {
        var store = new StoreHarness();
        store.Add("a", 1);
        var watch = new WatchHarness(store, WatchFilter.Prefix("a"), store.Index);
        store.Add("a", 2);
        store.Add("b", 1);
        store.Add("a", 0);
        store.CompareAndSet("ab", null, -5);
        store.Delete("a");
        store.Delete("a");
        watch.Ask();

        Assert.That(watch.Events, Is.EqualTo(new WatchEvent[]
        {
            new(WatchEventKind.Changed, new(2), "a", 3, new(2)),
            new(WatchEventKind.Changed, new(5), "ab", -5, new(5)),
            new(WatchEventKind.Deleted, new(6), "a", 0, new(6)),
        }));
        Assert.That(watch.Watcher.Resume, Is.EqualTo(new LogIndex(7)), "whoever has nothing to tell goes on late");
        Assert.That(watch.Watcher.AtLeast, Is.EqualTo(new LogIndex(8)), "the next question waits for the next entry");
    }

    [Test]
    public void The_changes_of_one_entry_move_the_index_to_resume_at_only_with_the_last_of_them()
    {
        var store = new StoreHarness();
        store.Add("x", 1);
        store.Open(Name);
        var watch = new WatchHarness(store, WatchFilter.All, new LogIndex(1));
        store.Advance(StoreHarness.AdvanceBytes(Name, 1, 0, 10, [("p", 1), ("q", 2), ("r", 3)]));
        watch.Ask();
        Assert.That(watch.Events.ConvertAll(static item => (item.Key, item.Index.Value, item.Resume?.Value)), Is.EqualTo(new (string, long, long?)[] { ("p", 3, 2), ("q", 3, 2), ("r", 3, 3) }));
    }

    [Test]
    public void An_entry_larger_than_a_page_is_told_in_parts_that_do_not_end_it()
    {
        var store = new StoreHarness();
        store.Open(Name);
        var watch = new WatchHarness(store, WatchFilter.All, store.Index);
        store.Advance(StoreHarness.AdvanceBytes(Name, 1, 0, 10, Enumerable.Range(0, 300).Select(static i => ($"{i:d4}{new string('k', 2_000)}", 1L))));
        watch.Ask();
        Assert.That(watch.Events, Has.Count.InRange(10, 299));
        Assert.That(watch.Watcher.Resume, Is.EqualTo(new LogIndex(1)));
        watch.AskAll();
        Assert.That(watch.Events.Select(static item => int.Parse(item.Key.AsSpan(0, 4), System.Globalization.CultureInfo.InvariantCulture)), Is.EqualTo(Enumerable.Range(0, 300)));
        Assert.That(watch.Events.ConvertAll(static item => item.Resume?.Value), Is.EqualTo(Enumerable.Repeat<long?>(1, 299).Append(2)));
    }

    [Test]
    public void A_key_that_holds_bytes_is_told_as_such_without_them()
    {
        var store = new StoreHarness();
        store.Add("a", 1);
        var watch = new WatchHarness(store, WatchFilter.All, store.Index);
        store.Batch(static batch =>
        {
            batch.TrySet("a"u8, "text"u8);
            batch.TrySet("a"u8, "text"u8);
            batch.TrySet("a"u8, "other"u8);
        });
        store.Batch(static batch => batch.TrySet("a"u8, "7"u8));
        store.Batch(static batch => batch.TrySet("b"u8, "new"u8));
        store.Delete("b");
        watch.Ask();
        Assert.That(watch.Events, Is.EqualTo(new WatchEvent[]
        {
            new(WatchEventKind.Bytes, new(2), "a", 0, new(1)),
            new(WatchEventKind.Bytes, new(2), "a", 0, new(2)),
            new(WatchEventKind.Changed, new(3), "a", 7, new(3)),
            new(WatchEventKind.Bytes, new(4), "b", 0, new(4)),
            new(WatchEventKind.Deleted, new(5), "b", 0, new(5)),
        }));

        store.Batch(static batch => batch.TrySet("b"u8, "new"u8));
        foreach (var filter in new[] { WatchFilter.All, WatchFilter.Key("b") })
        {
            var late = new WatchHarness(store, filter, null);
            late.AskAll();
            Assert.That(late.Events, Does.Contain(new WatchEvent(WatchEventKind.Bytes, new(6), "b", 0, null)));
        }
    }

    [Test]
    public void A_watch_without_an_index_begins_with_the_rows()
    {
        var store = new StoreHarness();
        store.Add("a", 1);
        store.Add("b", 2);
        var watch = new WatchHarness(store, WatchFilter.Key("b"), null);
        watch.AskAll();
        Assert.That(watch.Events, Is.EqualTo(new WatchEvent[]
        {
            new(WatchEventKind.Reset, default, "", 0, null),
            new(WatchEventKind.Row, new(2), "b", 2, null),
            new(WatchEventKind.Progress, new(2), "", 0, new(2)),
        }));
    }

    [Test]
    public void Who_comes_back_after_a_snapshot_was_restored_gets_the_rows_if_it_lacks_something_and_else_goes_on()
    {
        var (source, store) = (new StoreHarness(), new StoreHarness());
        for (var i = 0; i < 10; i++)
            source.Add($"key {i}", i);
        store.Restore(source.Snapshot(), source.Index);
        var (late, exact) = (new WatchHarness(store, WatchFilter.All, new LogIndex(9)), new WatchHarness(store, WatchFilter.All, new LogIndex(10)));
        store.Add("key 3", 1);
        late.AskAll();
        exact.AskAll();
        Assert.That(late.Events[0].Kind, Is.EqualTo(WatchEventKind.Reset));
        Assert.That(late.Events.Count(static item => item.Kind == WatchEventKind.Row), Is.EqualTo(10));
        Assert.That(exact.Events, Is.EqualTo(new WatchEvent[] { new(WatchEventKind.Changed, new(11), "key 3", 4, new(11)) }));
    }

    [Test]
    public void Watches_of_every_kind_know_the_state_whatever_they_miss_and_wherever_they_go_on()
    {
        var resets = 0;
        for (var seed = 0; seed < 12; seed++)
        {
            var random = new Random(seed);
            var commands = new RandomCommands(random, 200, withBytes: seed % 2 == 0);
            var (store, other) = (Small(), Small());
            WatchFilter[] filters = [WatchFilter.All, WatchFilter.Key("key 21" + new string('k', 1_500)), WatchFilter.Prefix("key 1"), WatchFilter.Prefix("word")];
            var watches = filters.Select(filter => new WatchHarness(store, filter, random.Next(2) == 0 ? null : LogIndex.Zero, random.Next(1, 4_000))).ToList();
            for (var step = 0; step < 1_500; step++)
            {
                var command = commands.Next();
                store.Apply(command);
                other.Apply(command);
                if (random.Next(200) == 0)
                    other.Restore(store.Snapshot(), store.Index);
                foreach (var watch in watches)
                {
                    if (random.Next(random.Next(1, 60)) == 0)
                        watch.Ask();
                    if (random.Next(100) == 0)
                        watch.GoOnAt(watch.Store == store ? other : store);
                }
            }

            foreach (var watch in watches)
            {
                watch.AskAll();
                watch.AssertState($"seed {seed}");
                resets += watch.Resets;
            }
        }

        Assert.That(resets, Is.GreaterThan(15));
    }

    [Test]
    public void A_watch_is_handed_from_one_replica_to_another_between_any_two_pages()
    {
        var (resets, moves) = (0, 0);
        for (var seed = 0; seed < 12; seed++)
        {
            var random = new Random(seed);
            var commands = new RandomCommands(random, 200, withBytes: seed % 2 == 0);
            var (store, late) = (Small(), Small());
            var missing = new Queue<byte[]>();
            WatchFilter[] filters = [WatchFilter.All, WatchFilter.Key("key 21" + new string('k', 1_500)), WatchFilter.Prefix("key 1"), WatchFilter.Prefix("word")];
            var watches = filters.Select(filter => new WatchHarness(store, filter, random.Next(2) == 0 ? null : LogIndex.Zero, random.Next(1, 4_000))).ToList();
            for (var step = 0; step < 1_500; step++)
            {
                var command = commands.Next();
                store.Apply(command);
                missing.Enqueue(command);
                while (missing.Count > random.Next(1, 20))
                    late.Apply(missing.Dequeue());
                foreach (var watch in watches)
                {
                    if (random.Next(random.Next(1, 60)) == 0)
                        watch.Ask();
                    if (random.Next(8) != 0)
                        continue;
                    watch.HandOverTo(watch.Store == store ? late : store);
                    moves++;
                }
            }

            while (missing.TryDequeue(out var rest))
                late.Apply(rest);
            foreach (var watch in watches)
            {
                watch.AskAll();
                watch.AssertState($"seed {seed}");
                watch.AssertOnce($"seed {seed}");
                resets += watch.Resets;
            }
        }

        Assert.That((resets, moves), Is.GreaterThan((15, 5_000)));
    }

    [Test]
    public void Rows_of_a_large_store_come_in_pages_while_it_changes_and_add_up_to_its_state()
    {
        var random = new Random(3);
        var store = new StoreHarness(new CountingStore(historyBytes: 1024 * 1024));
        for (var i = 0; i < 20_000; i++)
            store.Add($"key {i}", i);
        var watch = new WatchHarness(store, WatchFilter.All, null);
        var pages = 0;
        while (!watch.Watcher.IsUpToDate)
        {
            watch.Ask();
            pages++;
            for (var i = 0; i < 100; i++)
            {
                var key = $"key {random.Next(25_000)}";
                if (random.Next(3) == 0)
                    store.Delete(key);
                else
                    store.Add(key, 1);
            }
        }

        Assert.That(pages, Is.InRange(5, 100));
        Assert.That(watch.Resets, Is.EqualTo(1));
        watch.AskAll();
        watch.AssertState("at the end");
    }

    [Test]
    public void Rows_that_are_read_too_slowly_begin_anew()
    {
        var store = Small();
        for (var i = 0; i < 20_000; i++)
            store.Add($"key {i}", i);
        var watch = new WatchHarness(store, WatchFilter.All, null);
        watch.Ask();
        for (var i = 0; i < 2_000; i++)
            store.Add($"key {i}", 1);
        watch.AskAll();
        Assert.That(watch.Resets, Is.EqualTo(2));
        watch.AssertState("at the end");
    }

    [Test]
    public void No_bytes_of_a_query_make_it_throw()
    {
        var random = new Random(5);
        var store = new StoreHarness();
        store.Add("a", 1);
        var sound = StoreHarness.Bytes(output => new WatchQuery(WatchFilterKind.Prefix, "a"u8, 100, new(new(0), 3), true, new(77, "b"u8)).Write(output));
        for (var i = 0; i < 20_000; i++)
        {
            var broken = (byte[])sound.Clone();
            broken[random.Next(broken.Length)] = (byte)random.Next(256);
            Assert.That(store.Query(broken[..random.Next(broken.Length + 1)]), Is.Not.Empty);
        }
    }

    /// <summary>Keeps two chunks of changes.</summary>
    private static StoreHarness Small() => new(new CountingStore(historyBytes: ChangeRing.MinBytes));
}
