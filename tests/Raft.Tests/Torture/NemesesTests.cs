using System.Text.Json;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

[TestFixture(3)]
[TestFixture(5)]
[Parallelizable] // It mostly waits.
internal sealed class NemesesTests(int nodes)
{
    private FakeField _fake = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _fake = new(nodes);
        Assert.That(await _fake.Watch.HoldsAsync(() => _fake.Watch.Leader == 2, TimeSpan.FromSeconds(10)), Is.True);
    }

    [TearDown]
    public async Task EndAsync() => await _fake.DisposeAsync();

    private static IEnumerable<string> Shapes => Partitions.All.Select(static partition => partition.Name);

    [TestCaseSource(nameof(Shapes))]
    public async Task A_partition_cuts_ways_until_it_is_mended_and_counts_only_if_it_held_something_up(string name)
    {
        for (var seed = 1UL; seed <= 20; seed++)
        {
            var strike = (await Named(name).StrikeAsync(_fake.Field, new(seed)))!;
            Assert.That(_fake.Links, Is.Not.Empty);
            Assert.That(_fake.Links.Values, Has.All.Matches<LinkFault>(static fault => fault!.Drops));
            Assert.That(_fake.Links.Keys, Has.All.Matches<Link>(static link => link.From != link.To));
            Assert.That(await strike.TookEffect(), Is.False);
            _fake.Touched++;
            Assert.That(await strike.TookEffect(), Is.True);
            await strike.Mend();
            Assert.That(_fake.Links, Is.Empty);
        }
    }

    [Test]
    public async Task In_a_ring_every_node_sees_a_majority_and_in_a_bridge_one_sees_all()
    {
        foreach (var (name, seen) in new[] { ("partition-ring", (nodes / 2) + 1), ("partition-bridge", (nodes / 2) + 1) })
        {
            var strike = (await Named(name).StrikeAsync(_fake.Field, new(7)))!;
            var reach = _fake.Nodes.Select(node => _fake.Nodes.Count(other => !_fake.Links.ContainsKey(new(node, other)))).ToList();
            Assert.That(reach, Has.All.GreaterThanOrEqualTo(seen), name);
            Assert.That(reach.Min(), Is.LessThan(nodes), name);
            Assert.That(name == "partition-ring" && nodes == 5 ? reach.Max() : nodes, Is.EqualTo(name == "partition-ring" && nodes == 5 ? 3 : nodes), name);
            await strike.Mend();
        }
    }

    [TestCase(true, 10L, 20L, 30L)]
    [TestCase(false, 10L, 20L)]
    [TestCase(false, 10L, 10L, 10L, 10L)]
    [TestCase(false)]
    public async Task A_storm_of_snapshots_counts_only_if_several_were_taken_each_behind_the_last(bool counts, params long[] reached)
    {
        foreach (var place in reached)
            _fake.Snapshots.Enqueue(place);
        var strike = (await new SnapshotStorm().StrikeAsync(_fake.Field, new(1)))!;
        Assert.That(await strike.TookEffect(), Is.EqualTo(counts));
        Assert.That(strike.IsOver, Is.True);
    }

    [Test]
    public async Task No_disk_is_spoilt_while_a_node_that_was_switched_off_still_votes()
    {
        _fake.Voters = [.. _fake.Nodes, 9];
        Assert.That(await _fake.Watch.HoldsAsync(() => _fake.Watch.ViewOf(2)?.Voters.Contains(9) == true, TimeSpan.FromSeconds(10)), Is.True);
        var admin = new OwedRemovals();
        foreach (var nemesis in new INemesis[] { new BitFlips(admin), new MemberTroubles(admin, isChange: true) })
            Assert.That(await nemesis.StrikeAsync(_fake.Field, new(1)), Is.Null, nemesis.Name);
        Assert.That(admin.Asked, Is.EqualTo(new[] { 9, 9 }), "its removal is owed, and asked for first");
        Assert.That(_fake.Done, Is.Empty, "nothing was killed or started");
    }

    /// <summary>Removes nobody.</summary>
    private sealed class OwedRemovals : IMemberAdmin
    {
        public List<int> Asked { get; } = [];

        public Task<bool> AddAsync(IReadOnlyList<string> addresses, int node, string peer, CancellationToken cancellationToken) => Task.FromResult(false);

        public Task<bool> RemoveAsync(IReadOnlyList<string> addresses, int node, CancellationToken cancellationToken)
        {
            Asked.Add(node);
            return Task.FromResult(false);
        }

        public Task<bool> TransferAsync(IReadOnlyList<string> addresses, CancellationToken cancellationToken) => Task.FromResult(false);
    }

    [Test]
    public async Task Without_a_leader_nothing_isolates_it()
    {
        _fake.Leading = 0;
        Assert.That(await _fake.Watch.HoldsAsync(() => _fake.Watch.Leader is null, TimeSpan.FromSeconds(10)), Is.True);
        Assert.That(await Named("partition-leader").StrikeAsync(_fake.Field, new(1)), Is.Null);
        Assert.That(_fake.Links, Is.Empty);
    }

    [Test]
    public async Task Two_troubles_of_one_way_add_up_and_the_end_of_one_leaves_the_other()
    {
        var link = new Link(1, 2);
        var (cut, late) = (new Dictionary<Link, LinkFault> { [link] = new() { Drops = true } }, new Dictionary<Link, LinkFault> { [link] = new() { Delay = TimeSpan.FromMilliseconds(5) } });
        await _fake.Field.Ways.AddAsync(cut);
        await _fake.Field.Ways.AddAsync(late);
        Assert.That(_fake.Links[link], Is.EqualTo(new LinkFault { Drops = true, Delay = TimeSpan.FromMilliseconds(5) }));
        await _fake.Field.Ways.RemoveAsync(cut);
        Assert.That(_fake.Links[link], Is.EqualTo(new LinkFault { Delay = TimeSpan.FromMilliseconds(5) }));
        await _fake.Field.Ways.HealAsync();
        Assert.That(_fake.Links, Is.Empty);
    }

    [Test]
    public async Task Killed_nodes_come_back_and_paused_ones_go_on()
    {
        var killed = (await Named("kill").StrikeAsync(_fake.Field, new(3)))!;
        Assert.That(killed.Nodes.Where(_fake.IsRunning), Is.Empty);
        Assert.That(await killed.TookEffect(), Is.True);
        await killed.Mend();
        Assert.That(_fake.Nodes.Where(_fake.IsRunning), Is.EqualTo(_fake.Nodes));

        var paused = (await Named("pause").StrikeAsync(_fake.Field, new(3)))!;
        Assert.That(_fake.Paused, Is.EquivalentTo(paused.Nodes));
        Assert.That(await paused.TookEffect(), Is.True, "a node that stands still is seen to be silent");
        await paused.Mend();
        Assert.That(_fake.Paused, Is.Empty);
    }

    [Test]
    public async Task What_is_wrong_with_a_disk_is_written_for_the_node_and_taken_back()
    {
        var strike = (await Named("disk-full").StrikeAsync(_fake.Field, new(3)))!;
        Assert.That(strike.Nodes.Select(Read), Has.All.Matches<NodeFaults>(static faults => faults!.IsDiskFull && faults.Sequence == 1));
        Assert.That(await strike.TookEffect(), Is.False);
        var seen = new NodeFaultsSeen(1, 0, RefusedWrites: 4, 0, 1, 0);
        await File.WriteAllBytesAsync(Path.Combine(_fake.FolderOf(strike.Nodes[0]), NodeFaults.SeenFileName), JsonSerializer.SerializeToUtf8Bytes(seen, NodeFaultsJson.Default.NodeFaultsSeen));
        Assert.That(await strike.TookEffect(), Is.True);
        await strike.Mend();
        Assert.That(strike.Nodes.Select(Read), Has.All.Matches<NodeFaults>(static faults => !faults!.IsDiskFull && faults.Sequence == 2));
    }

    [Test]
    public void Bytes_are_not_spoilt_between_nodes_that_do_not_check_them()
    {
        Assert.That(Named("corruption").WhyNot(_fake.Field), Does.Contain("do not check the bytes"));
        Assert.That(Named("reset").WhyNot(_fake.Field), Is.Null);
    }

    [Test]
    public void What_a_driver_or_a_system_cannot_do_is_told()
    {
        _fake.Abilities = LinkFaults.Drop;
        Assert.That(Named("corruption").WhyNot(_fake.Field), Does.Contain("fake"));
        Assert.That(Named("members").WhyNot(_fake.Field), Does.Contain("fake"));
        Assert.That(Named("kill").WhyNot(_fake.Field), Is.Null);
    }

    private static INemesis Named(string name) => NemesisCatalog.Create(null).Single(nemesis => nemesis.Name == name);

    private NodeFaults Read(int node) =>
        JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(_fake.FolderOf(node), NodeFaults.FileName)), NodeFaultsJson.Default.NodeFaults)!;
}
