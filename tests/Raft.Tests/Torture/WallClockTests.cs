using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using RaftStream.Raft.Tests.Torturing.Drivers;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>Wall clocks that leap and flip, as the lab sets them; what a real node sees of it is tested with real nodes.</summary>
internal sealed class WallClockTests
{
    private FakeField _fake = null!;

    [SetUp]
    public async Task StartAsync()
    {
        _fake = new(3);
        Assert.That(await _fake.Watch.HoldsAsync(() => _fake.Watch.Leader == 2, TimeSpan.FromSeconds(10)), Is.True);
    }

    [TearDown]
    public async Task EndAsync() => await _fake.DisposeAsync();

    [Test]
    public async Task A_wall_clock_leaps_by_hours_and_is_true_again_when_it_is_mended()
    {
        for (var seed = 1UL; seed <= 20; seed++)
        {
            var strike = (await Named("wall-jump").StrikeAsync(_fake.Field, new(seed)))!;
            Assert.That(strike.Nodes.Select(node => Math.Abs(Ahead(node))), Has.All.InRange(3_600, 12 * 3_600));
            var (node, leap, since) = (strike.Nodes[0], (long)Ahead(strike.Nodes[0]) * 1_000, Wish(strike.Nodes[0]));
            Assert.That(await strike.TookEffect(), Is.False, "nobody has told anything");
            Tell(node, since, WallClocks.TrueMs, WallClocks.TrueMs);
            Assert.That(await strike.TookEffect(), Is.False, "the node sees the true time");
            Tell(node, since - 1, WallClocks.TrueMs + leap, WallClocks.TrueMs + leap);
            Assert.That(await strike.TookEffect(), Is.False, "what it told was of before");
            Tell(node, since, WallClocks.TrueMs + leap, WallClocks.TrueMs + leap);
            Assert.That(await strike.TookEffect(), Is.True);
            await strike.Mend();
            Assert.That(strike.Nodes.Select(Ahead), Has.All.Zero);
            Assert.That(Wish(node), Is.GreaterThan(since), "it is to look anew");
        }
    }

    [Test]
    public async Task A_wall_clock_that_flips_is_seen_on_both_sides_and_ends_on_the_true_one()
    {
        var strike = (await Named("wall-strobe").StrikeAsync(_fake.Field, new(5)))!;
        var node = strike.Nodes[0];
        foreach (var isAway in new[] { true, false, true })
            await ProxyRig.UntilAsync(() => Math.Abs(Ahead(node)) >= 3_600 == isAway, "the clock flips");
        Tell(node, Wish(node), WallClocks.TrueMs + 7_200_000, WallClocks.TrueMs + 7_200_000);
        Assert.That(await strike.TookEffect(), Is.False, "one side alone is a leap");
        Tell(node, Wish(node), WallClocks.TrueMs - 43_200_000, WallClocks.TrueMs);
        Assert.That(await strike.TookEffect(), Is.True);
        await strike.Mend();
        Assert.That(strike.Nodes.Select(Ahead), Has.All.Zero);
    }

    [Test]
    public async Task Two_troubles_of_one_wall_clock_add_up_and_the_end_of_one_leaves_the_other()
    {
        var clocks = _fake.Field.WallClocks;
        clocks.Move(1, TimeSpan.FromHours(3));
        var end = clocks.Swing([1], TimeSpan.FromHours(-1), TimeSpan.FromMilliseconds(1));
        var seen = new ConcurrentBag<double>();
        await ProxyRig.UntilAsync(
            () =>
            {
                seen.Add(Ahead(1));
                return seen.Distinct().Count() == 2;
            },
            "the clock flips");
        await end();
        Assert.That(seen.Distinct().Order(), Is.EqualTo(new double[] { 7_200, 10_800 }));
        Assert.That(Ahead(1), Is.EqualTo(10_800));
        await end();
        Assert.That(Ahead(1), Is.EqualTo(10_800), "it ends once");
    }

    [Test]
    public async Task All_wall_clocks_are_true_after_everything_is_mended()
    {
        _fake.Field.WallClocks.Move(1, TimeSpan.FromHours(3));
        _ = _fake.Field.WallClocks.Swing([2, 3], TimeSpan.FromHours(-1), TimeSpan.FromMilliseconds(1));
        await _fake.Field.RestoreAsync();
        Assert.That(_fake.Nodes.Select(Ahead), Has.All.Zero);
    }

    [Test]
    public void Where_wall_clocks_cannot_be_set_or_nobody_would_see_it_the_reason_is_told()
    {
        Assert.That(Named("wall-jump").WhyNot(_fake.Field), Is.Null);
        _fake.WhyNoWallClocks = "Install it.";
        Assert.That(Named("wall-strobe").WhyNot(_fake.Field), Is.EqualTo("Install it."));
        _fake.WhyNoWallClocks = null;
        Assert.That(Named("wall-jump").WhyNot(new(_fake, _fake, _fake.Watch, hasFaultyNodes: false)), Does.Contain("fake do not tell what their wall clocks show"));
    }

    [Test]
    public void A_program_keeps_its_own_environment_beside_the_library()
    {
        if (WallClockLibrary.WhyNot() is { } reason)
            Assert.Ignore(reason);
        var own = new NodeProgram("kvd", ["--id"]) { Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["A"] = "b", ["LD_PRELOAD"] = "/own.so" } };
        WallClockLibrary.Set(_fake.FolderOf(1), TimeSpan.FromHours(-2));
        var program = WallClockLibrary.Under(own, _fake.FolderOf(1));
        Assert.That(program.Arguments, Is.EqualTo(own.Arguments));
        Assert.That(program.Environment["A"], Is.EqualTo("b"));
        Assert.That(program.Environment["LD_PRELOAD"], Does.EndWith(":/own.so"));
        Assert.That(Ahead(1), Is.EqualTo(-7_200), "a node that is started again finds the clock as it was set");
    }

    private static INemesis Named(string name) => NemesisCatalog.Create(null).Single(nemesis => nemesis.Name == name);

    /// <summary>Seconds that a node's wall clock is set ahead.</summary>
    private double Ahead(int node) => Path.Combine(_fake.FolderOf(node), WallClockLibrary.FileName) is var file && File.Exists(file)
        ? double.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture)
        : 0;

    private long Wish(int node) =>
        JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(_fake.FolderOf(node), NodeFaults.FileName)), NodeFaultsJson.Default.NodeFaults)!.Sequence;

    private void Tell(int node, long sequence, long low, long high) =>
        NodeFaultsFile.WriteSeen(_fake.FolderOf(node), new(sequence, 0, 0, 0, 1, 0) { WallLowMs = low, WallHighMs = high });
}
