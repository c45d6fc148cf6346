using System.Buffers.Binary;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>How many pages a tree takes, and what it allocates.</summary>
[NonParallelizable] // It measures the memory of the process.
[TestFixture]
internal sealed class StatePagesTests
{
    /// <summary>What an entry of <see cref="Key"/> and <see cref="Value"/> takes of a page.</summary>
    private static readonly int CellBytes = TreeNode.SizeOf(5, 24);

    private static readonly byte[] Value = new byte[24];

    [Test]
    public void Timers_set_in_order_and_taken_from_the_front_keep_their_pages_full()
    {
        var tree = new StateTree(new());
        for (var i = 0; i < 2_000; i++)
        {
            tree.Put(Key(1, i), Value);
            tree.Put(Key(9, i), Value);
        }

        var most = 0;
        for (var i = 0; i < 200_000; i++)
        {
            tree.Put(Key(5, i), Value);
            if (i < 5_000)
                continue;
            Assert.That(tree.TryCeiling(Key(5, 0), out var first, out _), Is.True);
            tree.Remove(first);
            most = Math.Max(most, tree.Pages);
        }

        TreeWalk.AssertSound(tree, "timers");
        Assert.That(tree.Count, Is.EqualTo(9_000));
        Assert.That(most, Is.LessThanOrEqualTo((9_000 * CellBytes / TreeNode.PageSize * 5 / 4) + 3), "full pages but for those at the ends");
    }

    [Test]
    public void Timers_that_are_removed_in_another_order_give_their_pages_back()
    {
        var random = new Random(3);
        var tree = new StateTree(new());
        var living = new List<byte[]>();
        var (now, most) = (0, 0);
        for (var i = 0; i < 300_000; i++)
        {
            living.Add(Key(5, (now += random.Next(3)) + random.Next(500)));
            tree.Put(living[^1], Value);
            if (living.Count < 5_000)
                continue;
            var gone = random.Next(10) == 0 ? random.Next(living.Count) : random.Next(100);
            tree.Remove(living[gone]);
            (living[gone], living[^1]) = (living[^1], living[gone]);
            living.RemoveAt(living.Count - 1);
            if (i % 1_000 != 0)
                continue;
            TreeWalk.AssertSound(tree, $"step {i}");
            most = Math.Max(most, tree.Pages * 10_000 / Math.Max(tree.Count, 1));
        }

        Assert.That(most, Is.LessThanOrEqualTo(10_000 * CellBytes * 3 / TreeNode.PageSize), "a third full at the least");
    }

    [Test]
    public void Keys_in_order_fill_their_pages([Values] bool isUp, [Values] bool isAmongOthers)
    {
        var tree = new StateTree(new());
        for (var i = 0; i < 3_000 && isAmongOthers; i++)
        {
            tree.Put(Key(1, i), Value);
            tree.Put(Key(9, 3_000 - i), Value);
        }

        for (var i = 0; i < 50_000; i++)
            tree.Put(Key(5, isUp ? i : 50_000 - i), Value);
        TreeWalk.AssertSound(tree, "in order");
        Assert.That(TreeWalk.Fill(tree), Is.GreaterThan(0.85), "seven eighths, but for the pages of the others");
    }

    [Test]
    public void No_order_of_changes_makes_a_row_of_pages_of_a_few_cells([Values] bool isUp)
    {
        // At the edge of a full page, two keys in order: the first takes the last room, the second finds none. Then the first goes, and the next two come between the page and those.
        var tree = new StateTree(new());
        for (var i = 0; i < 800; i++)
            tree.Put(Wide(i * 1_000), Value);
        var rounds = 0;
        for (var place = 0; place < 7; place++)
            rounds += CutAtEdge(tree, Leaf(tree, Wide(50_000 + (place * 110_000))), isUp ? 1 : -1);
        TreeWalk.AssertSound(tree, "cut at the edge");
        Assert.That(rounds, Is.GreaterThan(50));
        Assert.That(TreeWalk.Fill(tree), Is.GreaterThan(0.35), $"{tree.Pages} pages after {rounds} rounds");
    }

    [Test]
    public void Values_that_grow_and_shrink_cut_and_join_pages_of_few_cells()
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var random = new Random(seed);
            var tree = new StateTree(new());
            var longest = random.Next(1_000, StateTree.MaxKeyBytes + 1);
            for (var i = 0; i < 1_000; i++)
            {
                tree.Put([.. new byte[longest - 1], (byte)random.Next(200)], new byte[random.Next(2) == 0 ? 0 : random.Next(TreeNode.MaxInlineValue + 2)]);
                TreeWalk.AssertSound(tree, $"seed {seed}, step {i}");
            }
        }
    }

    [TestCase(16)]
    [TestCase(1_000)]
    public void A_tree_that_lost_most_entries_by_chance_gives_their_pages_back(int valueBytes)
    {
        var random = new Random(1);
        var tree = new StateTree(new());
        foreach (var i in Enumerable.Range(0, 20_000).OrderBy(_ => random.Next()))
            tree.Put(Key(5, i), new byte[valueBytes]);
        var full = tree.Pages;
        foreach (var i in Enumerable.Range(0, 20_000).OrderBy(_ => random.Next()).Take(19_000))
            tree.Remove(Key(5, i));
        TreeWalk.AssertSound(tree, "most are gone");
        Assert.That(tree.Pages, Is.LessThanOrEqualTo(Math.Max(full / 8, 6)));
        foreach (var i in Enumerable.Range(0, 20_000))
            tree.Remove(Key(5, i));
        Assert.That((tree.Pages, tree.Count, tree.Bytes, tree.Hash), Is.EqualTo((1, 0, 0L, 0UL)));
    }

    [TestCase(10)]
    [TestCase(5_000)]
    public void Values_that_leave_their_pages_give_those_back(int after)
    {
        var tree = new StateTree(new());
        for (var i = 0; i < 5_000; i++)
            tree.Put(Key(5, i), new byte[1_000]);
        var before = tree.Pages;
        for (var i = 0; i < 5_000; i++)
            tree.Put(Key(5, i), new byte[after]);
        TreeWalk.AssertSound(tree, "smaller values");
        Assert.That(tree.Pages, Is.LessThan(before / 10));
    }

    [Test]
    public void Memory_comes_back_when_entries_are_gone()
    {
        var captures = new Captures();
        var tree = new StateTree(captures);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 200_000; i++)
            tree.Put(Key(5, i), new byte[100]);
        var ticket = captures.Begin(); // So that pages are copied and wait to be used again as well.
        for (var i = 0; i < 200_000; i++)
            tree.Put(Key(5, i), new byte[100]);
        ticket.Release();
        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.GreaterThan(20_000_000L));
        for (var i = 0; i < 200_000; i++)
            tree.Remove(Key(5, i));
        Assert.That(GC.GetTotalMemory(forceFullCollection: true) - before, Is.LessThan(2_000_000L));
        Assert.That(tree.Pages, Is.EqualTo(1));
    }

    [Test]
    public void A_page_is_copied_once_for_a_view_and_not_for_one_that_is_released()
    {
        var captures = new Captures();
        var tree = new StateTree(captures);
        for (var i = 0; i < 1_000; i++)
            tree.Put(Key(5, i), Value);
        var released = captures.Begin();
        var (before, root) = (tree.Freeze(), tree.Root);
        released.Release();
        tree.Put(Key(5, 500), new byte[24]);
        Assert.That(tree.Root, Is.SameAs(root));
        using (var ticket = new Released(captures.Begin()))
        {
            tree.Put(Key(5, 500), new byte[24]);
            var copied = tree.Root;
            var leaf = Leaf(tree, Key(5, 500));
            Assert.That(copied, Is.Not.SameAs(root));
            Assert.That(Leaf(tree, Key(5, 0)), Is.SameAs(before.Root.ChildAt(0)), "a page that is not written is not copied");
            tree.Put(Key(5, 500), new byte[24]);
            tree.Put(Key(5, 501), new byte[24]);
            Assert.That((tree.Root, Leaf(tree, Key(5, 500))), Is.EqualTo((copied, leaf)), "and none is copied again");
        }
    }

    [Test]
    public void Warm_gets_and_replacing_puts_allocate_nothing()
    {
        var tree = new StateTree(new());
        var large = new byte[5_000];
        for (var i = 0; i < 5_000; i++)
            tree.Put(Key(5, i), i % 10 == 0 ? large : Value);
        var key = Key(5, 0);
        Pass(tree, key, large);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Pass(tree, key, large);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private static int CutAtEdge(StateTree tree, TreeNode leaf, int step)
    {
        var edge = BinaryPrimitives.ReadInt32BigEndian(leaf.KeyAt(step > 0 ? leaf.Count - 1 : 0)[1..]);
        var next = edge + (999 * step);
        while (Leaf(tree, Wide(next)) != leaf)
            next -= step;
        tree.Remove(leaf.KeyAt(5));
        var rounds = 0;
        for (; (next - edge) * step > 2; next -= 2 * step)
        {
            tree.Put(Wide(next), Value);
            tree.Put(Wide(next + step), Value);
            tree.Remove(Wide(next));
            rounds++;
        }

        return rounds;
    }

    private static void Pass(StateTree tree, byte[] key, byte[] large)
    {
        for (var i = 0; i < 5_000; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(1), i);
            large[i] ^= 1;
            tree.Put(key, i % 10 == 0 ? large : Value);
            if (!tree.TryGet(key, out var value) || value.Length < Value.Length || !tree.TryCeiling(key, out _, out _) || !tree.TryFloor(key, out _, out _))
                Assert.Fail("a key is gone");
        }
    }

    private static TreeNode Leaf(StateTree tree, byte[] key)
    {
        var cursor = new TreeCursor();
        cursor.Seek(tree.Root, key);
        return cursor.Leaf;
    }

    private static byte[] Key(byte kind, int number)
    {
        var key = new byte[1 + sizeof(int)];
        key[0] = kind;
        BinaryPrimitives.WriteInt32BigEndian(key.AsSpan(1), number);
        return key;
    }

    private static byte[] Wide(int number) => [.. Key(5, number), .. new byte[100]];

    private sealed class Released(CaptureTicket ticket) : IDisposable
    {
        public void Dispose() => ticket.Release();
    }
}
