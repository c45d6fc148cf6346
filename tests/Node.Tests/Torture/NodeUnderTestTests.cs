using System.Text.Json;
using RaftStream.Hosting.Http;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;
using RaftStream.Testing;

namespace RaftStream.Node.Tests.Torture;

/// <summary>A node under test as the lab runs it: a process of its own, steered by a file.</summary>
[TestFixture]
[Parallelizable] // Its nodes are processes of its own, which mostly wait.
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class NodeUnderTestTests : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _http = HttpClients.Create();
    private readonly string _raft;
    private readonly string _address;
    private RaftStreamProgram? _node;
    private long _sequence;

    public NodeUnderTestTests()
    {
        var ports = Ports.Find(2);
        (_raft, _address) = ($"127.0.0.1:{ports[0]}", $"127.0.0.1:{ports[1]}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_node is not null)
            await _node.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task PowerCutsInTheMiddleOfWritesLoseNothingThatWasAcknowledged()
    {
        var acknowledged = 0L;
        for (var seed = 1; seed <= 3; seed++)
        {
            await StartAsync();
            var before = await UntilAsync(AddAsync, "a write is acknowledged");
            Assert.That(before, Is.GreaterThan(acknowledged));
            acknowledged = before;
            var end = _node!.WaitAsync(Limit);
            Wish(new() { PowerCut = seed });
            while (!end.IsCompleted)
                acknowledged = await AddAsync() ?? acknowledged;
            Assert.That(await end, Is.EqualTo(137), "it ends as by SIGKILL");
            Assert.That(Seen.Sequence, Is.EqualTo(_sequence));
        }

        await StartAsync();
        var value = await UntilAsync(ReadAsync, "the counter is read");

        // The write that was under way at a cut may be done or not.
        Assert.That(value, Is.InRange(acknowledged, acknowledged + 1));
        await StopAsync();
    }

    [Test]
    public async Task AFailedSyncStopsTheNodeWithOneSentence()
    {
        await StartAsync();
        await UntilAsync(AddAsync, "a write is acknowledged");
        var end = _node!.WaitAsync(Limit);
        Wish(new() { SyncFails = true });
        while (!end.IsCompleted)
            await AddAsync();
        Assert.That(await end, Is.EqualTo(70));
        Assert.That((await _node.ErrorAsync()).Split('\n'), Has.One.StartsWith("raftstream: Node 1 stopped").And.Contains("a fault of the lab"));
        Assert.That(Seen.FailedSyncs, Is.EqualTo(1));

        await StartAsync();
        Assert.That(await UntilAsync(AddAsync, "it goes on after a restart, the wish being fulfilled"), Is.GreaterThan(1));
        await StopAsync();
    }

    [Test]
    public async Task TheClockAndTheDiskFollowTheFileWhileTheNodeWorks()
    {
        await StartAsync();
        await UntilAsync(AddAsync, "a write is acknowledged");
        Wish(new() { ClockRate = 1.5, ClockJumpMs = 3000, DiskSlowMs = 5 });
        await Eventually.HoldsAsync(async () => await AddAsync() is not null && Seen.SlowOperations > 2, "writes are slow", Limit);
        Assert.That((Seen.ClockRate, Seen.ClockJumpMs), Is.EqualTo((1.5, 3000)));

        Wish(new() { ClockJumpMs = 3000 });
        await Eventually.HoldsAsync(() => Seen.Sequence == _sequence, "the node has seen the end of it", Limit);
        Assert.That(Seen.ClockRate, Is.EqualTo(1));
        await StopAsync();
    }

    [Test]
    public async Task AFileOfFaultsThatIsNoneIsComplainedOfAndChangesNothing()
    {
        await StartAsync();
        _folder.Write("faults.json", "{\"clockRate\":");
        await _node!.SaysAsync("no JSON of faults", Limit);
        Wish(new() { ClockRate = 0 });
        await _node.SaysAsync("clock rate of 0", Limit);
        Assert.That(await UntilAsync(AddAsync, "a write is acknowledged"), Is.Positive);
        await StopAsync();
    }

    [Test]
    public async Task ItTakesTheFlagsOfANodeAndNeedsAFolderOfFaults()
    {
        var without = await RaftStreamProgram.RunAsync(["node", "--id", "1"], name: "raftstream-lab");
        Assert.That((without.ExitCode, without.Error.Contains("--faults", StringComparison.Ordinal)), Is.EqualTo((64, true)), without.Error);
        var wrong = await RaftStreamProgram.RunAsync(["node", "--id", "x", "--faults", _folder.Path], name: "raftstream-lab");
        Assert.That((wrong.ExitCode, wrong.ErrorLines.Length), Is.EqualTo((64, 1)), wrong.Error);
        Assert.That(wrong.Error, Does.Contain("--id"));
    }

    private async Task StartAsync()
    {
        if (_node is not null)
            await _node.DisposeAsync();
        _node = RaftStreamProgram.Start(
            ["node", "--id", "1", "--cluster", $"1={_raft}", "--http", _address, "--data", _folder.File("data"), "--faults", _folder.Path], name: "raftstream-lab");
        await _node.ReadLineAsync(Limit);
    }

    private async Task StopAsync()
    {
        _node!.Signal(Signals.Terminate);
        Assert.That(await _node.WaitAsync(Limit), Is.Zero, await _node.ErrorAsync());
    }

    private NodeFaultsSeen Seen => NodeFaultsFile.ReadSeen(_folder.Path)!;

    private void Wish(NodeFaults faults) => NodeFaultsFile.Write(_folder.Path, faults with { Sequence = ++_sequence });

    private Task<long?> AddAsync() => AskAsync(() => _http.PostAsync($"http://{_address}/v1/counters/k/add", null));

    private Task<long?> ReadAsync() => AskAsync(() => _http.GetAsync($"http://{_address}/v1/counters/k"));

    // Null where no answer came, or one that the node is not ready.
    private static async Task<long?> AskAsync(Func<Task<HttpResponseMessage>> ask)
    {
        try
        {
            using var response = await ask();
            if (!response.IsSuccessStatusCode)
                return null;
            using var counter = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            return counter.RootElement.GetProperty("value").GetInt64();
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static async Task<long> UntilAsync(Func<Task<long?>> ask, string what)
    {
        long? value = null;
        await Eventually.HoldsAsync(async () => (value = await ask()) is not null, what, Limit);
        return value!.Value;
    }
}
