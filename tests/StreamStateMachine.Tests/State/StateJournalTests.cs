namespace RaftStream.StreamStateMachine.Tests;

[TestFixture]
internal sealed class StateJournalTests
{
    [Test]
    public void Records_and_commands_that_are_taken_back_leave_nothing([Values] KeyKind kind)
    {
        for (var seed = 0; seed < 8; seed++)
        {
            var random = new Random((seed * 100) + (int)kind);
            var changes = new StateChanges(random, kind, 1 << random.Next(1, 10), 3_000);
            var captures = new Captures();
            var journal = new StateJournal(new(captures), 1L << 40);
            var model = new SortedDictionary<byte[], byte[]>(KeyBytesOrder.Instance);
            for (var command = 0; command < 60; command++)
            {
                var ticket = captures.Begin();
                var (before, bytesBefore, frozen) = (New(model), StateSnapshotTests.Write(journal.Tree), journal.Tree.Freeze());
                var isWhole = random.Next(3) > 0;
                for (var record = random.Next(6); record >= 0; record--)
                    RunRecord(journal, model, changes, random);
                if (isWhole)
                    journal.Commit();
                else
                    journal.RollbackTo(0);
                if (!isWhole)
                {
                    model = before;
                    Assert.That(StateSnapshotTests.Write(journal.Tree).AsSpan().SequenceEqual(bytesBefore), Is.True, $"{kind}, seed {seed}, command {command}");
                }

                Assert.That(journal.Mark(), Is.Zero);
                TreeWalk.AssertHolds(journal.Tree.Freeze(), model, $"{kind}, seed {seed}, command {command}");
                TreeWalk.AssertHolds(frozen, before, $"{kind}, seed {seed}, a view");
                ticket.Release();
            }

            TreeWalk.AssertSound(journal.Tree, $"{kind}, seed {seed}");
        }
    }

    [Test]
    public void A_put_above_the_limit_changes_nothing()
    {
        var journal = new StateJournal(new(new()), 100);
        journal.Put("a"u8, new byte[20]); // 1 + 20 + 32
        var (mark, hash) = (journal.Mark(), journal.Tree.Hash);
        Assert.That(() => journal.Put("b"u8, new byte[15]), Throws.TypeOf<StateFullException>().With.Message.Contains("100 bytes"));
        Assert.That(() => journal.Put("a"u8, new byte[68]), Throws.TypeOf<StateFullException>());
        Assert.That((journal.Mark(), journal.Tree.Hash, journal.Tree.Bytes), Is.EqualTo((mark, hash, 53L)));
        journal.Put("b"u8, new byte[14]);
        Assert.That(journal.Tree.Bytes, Is.EqualTo(100));
    }

    [Test]
    public void What_does_not_grow_is_taken_above_the_limit_as_well()
    {
        var tree = new StateTree(new());
        tree.Put("a"u8, new byte[100]);
        var journal = new StateJournal(tree, 50);
        journal.Put("a"u8, Enumerable.Repeat((byte)1, 100).ToArray());
        journal.Put("a"u8, new byte[99]);
        Assert.That(() => journal.Put("a"u8, new byte[100]), Throws.TypeOf<StateFullException>());
        Assert.That(journal.TryGet("a"u8, out var value) && value.Length == 99, Is.True);
        Assert.That(journal.Remove("a"u8) && tree.Count == 0, Is.True);
        journal.RollbackTo(0);
        Assert.That(journal.TryGet("a"u8, out value) && value.SequenceEqual(new byte[100]), Is.True, "taking back is not judged by the limit");
    }

    [Test]
    public void A_command_that_leaves_too_much_behind_is_refused_and_can_be_taken_back()
    {
        var journal = new StateJournal(new(new()), 1L << 40);
        journal.Put("a"u8, new byte[StateTree.MaxValueBytes]);
        journal.Commit();
        var changes = 0;
        Assert.That(
            () =>
            {
                for (; changes < 300; changes++)
                    journal.Put("a"u8, [.. BitConverter.GetBytes(changes), .. new byte[StateTree.MaxValueBytes - 4]]);
            },
            Throws.TypeOf<StateFullException>().With.Message.Contains($"{StateJournal.MaxRecordedBytes} bytes"));
        Assert.That(changes, Is.EqualTo(255));
        Assert.That(() => journal.Remove("a"u8), Throws.TypeOf<StateFullException>());
        Assert.That(journal.TryGet("a"u8, out var value) && BitConverter.ToInt32(value) == 254, Is.True);
        journal.RollbackTo(0);
        Assert.That(journal.TryGet("a"u8, out value) && value.SequenceEqual(new byte[StateTree.MaxValueBytes]), Is.True);
    }

    [Test]
    public void An_array_that_one_command_made_large_is_given_back_at_its_end([Values] bool isCommitted)
    {
        var journal = new StateJournal(new(new()), 1L << 40);
        for (var i = 0; i < 3; i++)
        {
            journal.Put("a"u8, new byte[StateTree.MaxValueBytes]);
            journal.Put("a"u8, new byte[StateTree.MaxValueBytes]);
            Assert.That(journal.ArenaBytes, Is.LessThanOrEqualTo(StateJournal.MaxKeptBytes));
            journal.Commit();
        }

        var mark = 0;
        for (var i = 0; i < 9; i++)
        {
            mark = i == 3 ? journal.Mark() : mark;
            journal.Put("a"u8, new byte[StateTree.MaxValueBytes]);
        }

        Assert.That(journal.ArenaBytes, Is.GreaterThan(8 * 1024 * 1024));
        journal.RollbackTo(mark);
        Assert.That(journal.ArenaBytes, Is.GreaterThan(8 * 1024 * 1024), "the command is not at its end");
        if (isCommitted)
            journal.Commit();
        else
            journal.RollbackTo(0);
        Assert.That(journal.ArenaBytes, Is.LessThan(64 * 1024));
    }

    [Test]
    public void Warm_changes_of_a_journal_allocate_nothing()
    {
        var journal = new StateJournal(new(new()), 1L << 40);
        var (key, value, large) = (new byte[8], new byte[16], new byte[5_000]);
        for (var i = 0; i < 2_000; i++)
            journal.Put(BitConverter.GetBytes((long)i), i % 10 == 0 ? large : value);
        journal.Commit();
        Pass(journal, key, value, large);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Pass(journal, key, value, large);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private static void Pass(StateJournal journal, byte[] key, byte[] value, byte[] large)
    {
        for (var i = 0; i < 2_000; i++)
        {
            BitConverter.TryWriteBytes(key, (long)i);
            value[0]++;
            var mark = journal.Mark();
            journal.Put(key, i % 10 == 0 ? large : value);
            if (i % 10 != 0)
                journal.Remove(key);
            if (i % 7 == 0)
                journal.RollbackTo(mark);
            if (i % 3 == 0)
                journal.RollbackTo(0);
            else
                journal.Put(key, i % 10 == 0 ? large : value);
            journal.Commit();
            if (!journal.TryGet(key, out _))
                journal.Put(key, value);
            journal.Commit();
        }
    }

    private static void RunRecord(StateJournal journal, SortedDictionary<byte[], byte[]> model, StateChanges changes, Random random)
    {
        var (mark, before) = (journal.Mark(), New(model));
        for (var change = random.Next(20); change >= 0; change--)
        {
            var key = random.Next(2) == 0 ? changes.NextKey() : changes.OldKey();
            if (random.Next(3) > 0)
                journal.Put(key, model[key] = changes.NextValue());
            else if (journal.Remove(key) != model.Remove(key))
                Assert.Fail("a key was there that should not, or the other way round");
        }

        if (random.Next(3) > 0)
            return;
        journal.RollbackTo(mark);
        TreeWalk.AssertHolds(journal.Tree.Freeze(), before, "a record that was taken back");
        Assert.That(journal.Mark(), Is.EqualTo(mark));
        model.Clear();
        foreach (var (key, value) in before)
            model.Add(key, value);
    }

    private static SortedDictionary<byte[], byte[]> New(SortedDictionary<byte[], byte[]> model) => new(model, KeyBytesOrder.Instance);
}
