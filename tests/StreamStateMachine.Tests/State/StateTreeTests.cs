namespace RaftStream.StreamStateMachine.Tests;

[TestFixture]
internal sealed class StateTreeTests
{
    [Test]
    public void Random_changes_leave_what_a_dictionary_holds_and_views_what_it_held([Values] KeyKind kind, [Values(8, 300, 9_000)] int largestValue)
    {
        for (var seed = 0; seed < 12; seed++)
        {
            var random = new Random((seed * 100) + (int)kind);
            var run = new ModelRun(random, new(random, kind, 1 << random.Next(1, 12), largestValue), $"{kind}, seed {seed}");
            var removing = random.Next(1, 6);
            for (var step = 0; step < 3_000; step++)
            {
                if (step % 500 == 499)
                    removing = random.Next(1, 9);
                run.Change(removing);
                if (random.Next(200) == 0)
                    run.Capture();
                if (random.Next(200) == 0)
                    run.Release();
                if (step % 250 == 0)
                    TreeWalk.AssertSound(run.Tree, $"{kind}, seed {seed}, step {step}");
            }

            run.End();
        }
    }

    [Test]
    public void Values_of_all_sizes_are_replaced_by_others_and_views_keep_theirs()
    {
        int[] sizes = [0, 1, 1_023, 1_024, 1_025, 2_000, 5_000, 100_000, StateTree.MaxValueBytes];
        var random = new Random(2);
        var captures = new Captures();
        var tree = new StateTree(captures);
        var model = new SortedDictionary<byte[], byte[]>(KeyBytesOrder.Instance);
        foreach (var before in sizes)
        {
            foreach (var after in sizes)
            {
                foreach (var isHeld in new[] { false, true })
                {
                    byte[] key = [(byte)random.Next(3)];
                    tree.Put(key, model[key] = Bytes(random, before));
                    var ticket = captures.Begin();
                    var (frozen, held) = (tree.Freeze(), new SortedDictionary<byte[], byte[]>(model, KeyBytesOrder.Instance));
                    if (!isHeld)
                        ticket.Release();
                    tree.Put(key, model[key] = Bytes(random, after));
                    if (isHeld)
                        TreeWalk.AssertHolds(frozen, held, $"a view, {before} to {after}");
                    TreeWalk.AssertHolds(tree.Freeze(), model, $"{before} to {after}");
                    TreeWalk.AssertSound(tree, $"{before} to {after}");
                    ticket.Release();
                }
            }
        }
    }

    [Test]
    public void Size_and_hash_depend_on_the_entries_and_not_on_the_way_there()
    {
        var random = new Random(3);
        var (straight, crooked) = (new StateTree(new()), new StateTree(new()));
        for (var i = 0; i < 3_000; i++)
            straight.Put(BitConverter.GetBytes(i), new byte[i % 50]);
        foreach (var i in Enumerable.Range(0, 6_000).OrderBy(_ => random.Next()))
            crooked.Put(BitConverter.GetBytes(i), new byte[i % 3_000]);
        for (var i = 0; i < 6_000; i++)
        {
            if (i < 3_000)
                crooked.Put(BitConverter.GetBytes(i), new byte[i % 50]);
            else
                crooked.Remove(BitConverter.GetBytes(i));
        }

        Assert.That((crooked.Count, crooked.Bytes, crooked.Hash), Is.EqualTo((straight.Count, straight.Bytes, straight.Hash)));
        Assert.That(straight.Bytes, Is.EqualTo((3_000 * (4 + 32)) + Enumerable.Range(0, 3_000).Sum(static i => i % 50)));
        var before = straight.Hash;
        straight.Put(BitConverter.GetBytes(17), new byte[18]);
        straight.Put(BitConverter.GetBytes(18), new byte[17]);
        Assert.That(straight.Hash, Is.Not.EqualTo(before), "values that changed places are another state");
    }

    [Test]
    public void Nothing_is_found_in_an_empty_tree()
    {
        var tree = new StateTree(new());
        Assert.That(tree.TryGet("a"u8, out _) || tree.TryCeiling("a"u8, out _, out _) || tree.TryFloor("a"u8, out _, out _) || tree.Remove("a"u8), Is.False);
        Assert.That((tree.Count, tree.Bytes, tree.Hash, tree.Pages), Is.EqualTo((0, 0L, 0UL, 1)));
    }

    [Test]
    public void A_key_or_value_out_of_range_is_a_bug()
    {
        var tree = new StateTree(new());
        Assert.That(() => tree.Put(default, default), Throws.TypeOf<InvariantException>());
        Assert.That(() => tree.Put(new byte[StateTree.MaxKeyBytes + 1], default), Throws.TypeOf<InvariantException>());
        Assert.That(() => tree.Put(new byte[1], new byte[StateTree.MaxValueBytes + 1]), Throws.TypeOf<InvariantException>());
        Assert.That(tree.Count, Is.Zero);
    }

    private static byte[] Bytes(Random random, int size)
    {
        var bytes = new byte[size];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>A tree, a model of it, and views with copies of the model.</summary>
    private sealed class ModelRun(Random random, StateChanges changes, string name)
    {
        private readonly Captures _captures = new();
        private readonly SortedDictionary<byte[], byte[]> _model = new(KeyBytesOrder.Instance);
        private readonly List<byte[]> _order = [];
        private readonly List<(CaptureTicket Ticket, FrozenTree Frozen, SortedDictionary<byte[], byte[]> Model)> _views = [];
        private StateTree? _tree;

        public StateTree Tree => _tree ??= new(_captures);

        public void Change(int removing)
        {
            if (random.Next(10) < removing)
            {
                var gone = changes.OldKey();
                if (Tree.Remove(gone) != _model.Remove(gone))
                    Assert.Fail($"{name}: a key was there that should not, or the other way round");
            }
            else
            {
                var key = changes.NextKey();
                Tree.Put(key, _model[key] = changes.NextValue());
            }

            Look(changes.OldKey());
        }

        public void Capture()
        {
            if (_views.Count < 5)
                _views.Add((_captures.Begin(), Tree.Freeze(), new(_model, KeyBytesOrder.Instance)));
        }

        public void Release()
        {
            if (_views.Count == 0)
                return;
            var view = random.Next(_views.Count);
            TreeWalk.AssertHolds(_views[view].Frozen, _views[view].Model, $"{name}, a view");
            _views[view].Ticket.Release();
            _views.RemoveAt(view);
        }

        public void End()
        {
            foreach (var view in _views)
                TreeWalk.AssertHolds(view.Frozen, view.Model, $"{name}, a view at the end");
            TreeWalk.AssertSound(Tree, name);
            TreeWalk.AssertHolds(Tree.Freeze(), _model, name);
        }

        private void Look(byte[] key)
        {
            if (Tree.TryGet(key, out var value) != _model.TryGetValue(key, out var expected) || !value.SequenceEqual(expected))
                Assert.Fail($"{name}: a key holds something else");
            if (random.Next(20) > 0)
                return;
            _order.Clear();
            _order.AddRange(_model.Keys);
            var place = _order.BinarySearch(key, KeyBytesOrder.Instance);
            var (floor, ceiling) = place >= 0 ? (place, place) : (~place - 1, ~place);
            AssertIs(Tree.TryFloor(key, out var found, out value), found, value, floor);
            AssertIs(Tree.TryCeiling(key, out found, out value), found, value, ceiling);
        }

        private void AssertIs(bool isThere, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, int place)
        {
            var isExpected = place >= 0 && place < _order.Count;
            if (isThere != isExpected || (isThere && (!key.SequenceEqual(_order[place]) || !value.SequenceEqual(_model[_order[place]]))))
                Assert.Fail($"{name}: another neighbour of a key");
        }
    }
}
