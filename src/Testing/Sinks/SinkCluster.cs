using System.Buffers;
using System.Text;

namespace RaftStream.Testing;

/// <summary>Three simulated nodes with a file sink under a load that does not end, where nothing happens but what a test does.</summary>
internal sealed class SinkCluster : IDisposable
{
    private const int MaxSteps = 400_000;

    private readonly SinkLoad _load = new();
    private readonly Simulation _simulation;

    public SinkCluster(ulong seed)
    {
        _simulation = new(new() { Seed = seed, Swarm = Calm, Workload = () => _load, Without = SimulationPart.RecoveryCrash });
        _load.LifeOf = id => NodeOf(id) is { Replica: not null } node ? node.Life : 0;
        _simulation.Begin();
        RunUntil(() => _load.Acknowledged >= 100, "the load is under way");
    }

    /// <summary>How often a disk operation was crashed in, on any node.</summary>
    public long Crashes => _simulation.Counts.Counts.GetValueOrDefault("crash in a disk operation") + _simulation.Counts.Counts.GetValueOrDefault("crash in recovery");

    /// <summary>The records that are known to be taken in.</summary>
    public long Acknowledged => _load.Acknowledged;

    private static Swarm Calm => Swarm.OnlyCuts with
    {
        BridgeWeight = 0,
        OneWayWeight = 0,
        CrashWeight = 1,
        FaultEvery = long.MaxValue / 4,
        ClientEvery = 4_000_000,
        SegmentBytes = 4096,
        SnapshotAfterEntries = 25,

        // Files grow to some ten kilobytes here: in smaller pieces they would travel for longer than the others hold them.
        Chunks = new(Min: 1024, TailBits: 12, Max: 16 * 1024),
    };

    public void Dispose() => _simulation.Dispose();

    /// <summary>A node dies at the next operation at a place, and starts again; if <paramref name="isAtStart"/> it dies there while it starts.</summary>
    public void Kill(SinkVictim victim, int point, CrashMoment moment, bool isAtStart = false)
    {
        var node = NodeFor(victim);
        var name = $"{victim}, {IoPoints.NameOf(point)}, {moment}";
        if (IoPoints.IsOfReceived(point))
            StayAway(node);
        else if (isAtStart)
            node.Crash(powerCut: true);
        var (life, crashes) = (node.Life, Crashes);
        (IoPoints.OfSinks.Contains(point) ? node.Files : node.Disk).CrashAtPoint(point, moment);
        if (node.Replica is null)
            _simulation.Events.Add(_simulation.Now + 1, new(SimEventKind.Restart, node.Id, default, 0, 0, 0, null));
        RunUntil(() => Crashes > crashes, $"it is come to: {name}");
        ViolationException.Require(node.Replica is null, "SinkCrash", $"Another node than the victim died: {name}.");
        RunUntil(() => node.Replica is not null && node.Life > life && HasCaughtUp(node), $"the victim is back: {name}");
        CheckFiles(name);
    }

    /// <summary>Brings the load to its end, and all replicas to the same place.</summary>
    public void ComeToRest()
    {
        _simulation.Mend();
        _simulation.Healing.ComeToRest();
        foreach (var node in _simulation.Nodes)
            ViolationException.Require(RecordsAt(node) >= _load.Acknowledged, "SinkFiles", $"Node {node.Id} has {RecordsAt(node)} records, and {_load.Acknowledged} were acknowledged.");
        CheckFiles("at rest");
    }

    /// <summary>The files of every living node are those of the records that its state has taken in: none missing, none twice, nothing else in the folder.</summary>
    private void CheckFiles(string when)
    {
        foreach (var node in _simulation.Nodes.Where(static node => node.Replica is not null))
        {
            var records = RecordsAt(node);
            var expected = SinkSource.Expect(records);
            var names = node.Files.Inner.List();
            ViolationException.Require(
                names.SequenceEqual(expected.Select(static file => file.Name), StringComparer.Ordinal),
                "SinkFiles",
                $"Node {node.Id} has the files {string.Join(", ", names)} after {records} records and not {string.Join(", ", expected.Select(static file => file.Name))}: {when}.");
            foreach (var (name, text) in expected)
            {
                var found = Text(node.Files.Inner, name);
                ViolationException.Require(found == text, "SinkFiles", $"'{name}' of node {node.Id} has {found.Length} bytes after {records} records, the first wrong one at {FirstWrong(found, text)} of {text.Length}: {when}.");
            }
        }
    }

    private static int FirstWrong(string found, string expected) => found.AsSpan().CommonPrefixLength(expected);

    private static long RecordsAt(SimNode node)
    {
        var (query, reply) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        JobQuery.WriteStatus(query, SinkSource.Job.Name);
        node.ApplyingMachine!.Query(query.WrittenSpan, reply);
        return JobStatus.Read(reply.WrittenSpan)?.Partitions is [var partition] ? SinkLoad.RecordsBefore(partition.At.Position) : 0;
    }

    private static string Text(SimDisk disk, string name)
    {
        using var file = disk.Open(name);
        var bytes = new byte[file.Length];
        file.Read(0, bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>The node dies and stays dead until the others have compacted what it lacks: then it needs a snapshot.</summary>
    private void StayAway(SimNode node)
    {
        var last = node.Replica!.Consensus.Core.Log.Last.Index;
        node.Crash(powerCut: true);
        RunUntil(() => _simulation.Nodes.TrueForAll(other => other == node || other.Replica?.Disk.Log.Base.Index > last), "the others have compacted their logs");
    }

    private SimNode NodeFor(SinkVictim victim)
    {
        RunUntil(() => _simulation.Nodes.Exists(static node => node.Replica?.Consensus.IsReady == true), "there is a leader");
        var leader = _simulation.Nodes.Find(static node => node.Replica?.Consensus.IsReady == true)!;
        var others = _simulation.Nodes.Where(node => node != leader).ToList();
        if (_load.Readers[0] == leader.Id)
            _load.Hand(others[0].Id);
        var reader = NodeOf(_load.Readers[0]);
        return victim switch
        {
            SinkVictim.Leader => leader,
            SinkVictim.Reader => reader,
            _ => others.Single(node => node != reader),
        };
    }

    private bool HasCaughtUp(SimNode node) => node.Replica!.Consensus.Applied.Position.Index.Value + 10 > _simulation.Checker.Committed.Value && RecordsAt(node) > 0;

    private SimNode NodeOf(NodeId id) => _simulation.Nodes[id.Value - 1];

    private void RunUntil(Func<bool> condition, string what)
    {
        for (var end = _simulation.Steps + MaxSteps; !condition();)
        {
            ViolationException.Require(_simulation.Steps < end, "SinkCrash", $"{MaxSteps} events, and still not: {what}.");
            _simulation.Step();
        }
    }
}
