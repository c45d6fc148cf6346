using RaftStream.Raft.Core;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Core;

/// <summary>
/// What a transcript plays on: several cores, the messages between them, their disks, one virtual clock. Verbs act on it and
/// everything that changes is printed. The shadow checks watch every step, so that a transcript cannot record a broken promise.
/// </summary>
internal sealed class TranscriptEnvironment
{
    private readonly List<string> _lines = [];
    private readonly Dictionary<NodeId, int> _group = [];
    private readonly HashSet<(NodeId From, NodeId To)> _oneWay = [];
    private ShadowChecks _checks = new([]);
    private SnapshotCatalog _snapshots = new();
    private CoreOptions _options = null!;

    public Instant Now { get; set; } = new(0);

    public List<CoreHost> Hosts { get; } = [];

    /// <summary>Messages on their way, oldest first.</summary>
    public List<Envelope> Pool { get; } = [];

    /// <summary>Runs one command and returns what it printed.</summary>
    public IReadOnlyList<string> Run(string command)
    {
        _lines.Clear();
        var words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var isQuiet = words[0] == "quiet";
        if (isQuiet)
            words = words[1..];
        var arguments = words[1..];
        var isKnown = ClusterVerbs.TryRun(this, words[0], arguments) || NetworkVerbs.TryRun(this, words[0], arguments)
            || TimeVerbs.TryRun(this, words[0], arguments) || DiskVerbs.TryRun(this, words[0], arguments) || ClientVerbs.TryRun(this, words[0], arguments)
            || MemberVerbs.TryRun(this, words[0], arguments);
        if (!isKnown)
            throw new FormatException($"'{words[0]}' is no verb of transcripts.");
        if (isQuiet)
            _lines.Clear();
        else if (_lines.Count == 0)
            Print("(nothing)");
        return [.. _lines];
    }

    public void Print(string line) => _lines.Add(line);

    public CoreHost Host(string id) => Host(new NodeId(TranscriptText.Number(id)));

    public CoreHost Host(NodeId id) =>
        Hosts.Find(host => host.Id == id) ?? throw new FormatException($"There is no node {id}: say 'nodes N' first.");

    /// <summary>
    /// Nodes of which each knows all, with their data folders, as though they had run before; or new ones, which must form a cluster first.
    /// </summary>
    public void Build(int count, CoreOptions options, bool isNew)
    {
        Hosts.Clear();
        Pool.Clear();
        Partition([]);
        (_snapshots, _options) = (new(), options);
        var configuration = new Configuration(Enumerable.Range(1, count).Select(id => new Member { Id = new(id), IsVoter = true, Disk = isNew ? 0 : (ulong)id }));
        for (var id = 1; id <= count; id++)
            Hosts.Add(new(new(id), options, configuration, seed: (ulong)id, _snapshots));
        _checks = new(Hosts);
        foreach (var host in Hosts)
            Start(host);
    }

    /// <summary>A node that knows of nobody waits to be added.</summary>
    public void Join(NodeId id)
    {
        Hosts.Add(new(id, _options, Configuration.Empty, seed: (ulong)id.Value, _snapshots));
        Start(Hosts[^1]);
    }

    public void Start(CoreHost host)
    {
        host.Start(Now);
        _checks.Restarted(host);
    }

    /// <summary>Gives a node an input and prints all that comes of it.</summary>
    public void Step(CoreHost host, Action<CoreHost> input)
    {
        var before = View.Of(host.Core);
        var heldBefore = host.Held.Select(held => held.Envelope).ToHashSet<Envelope>(ReferenceEqualityComparer.Instance);
        input(host);
        _checks.Observe(host);
        var core = host.Core;
        var output = core.Output;
        var after = View.Of(core);
        if (after.Standing != before.Standing)
            Print($"{host.Id} is {CoreText.Standing(core)}");
        if (host.LastWrite is { } write)
            Print($"{host.Id} writes {CoreText.Write(write, output)}");
        if (output.Fetch != LogPosition.Zero)
            Print($"{host.Id} fetches snapshot {output.Fetch} from {output.FetchFrom}");
        if (after.Durable != before.Durable)
            Print($"{host.Id} durable {before.Durable} -> {after.Durable}");
        if (after.Commit != before.Commit)
            Print($"{host.Id} commit {before.Commit} -> {after.Commit}");
        if (host.LastApplied.To > host.LastApplied.From)
            Print($"{host.Id} applies {CoreText.Entries(host.Memory, host.LastApplied.From.Next, host.LastApplied.To)}");
        foreach (var read in output.ReadsReady)
            Print($"{host.Id} read r{read.Id} ready at {read.Index}");
        foreach (var read in output.ReadsFailed)
            Print($"{host.Id} read r{read} failed");
        if (output.Fault != before.Fault)
            Print($"{host.Id} halts: {output.Fault}");
        foreach (var (envelope, sequence) in host.Held.Where(held => !heldBefore.Contains(held.Envelope)))
            Print($"{CoreText.Message(envelope)} after write {sequence}");
        Collect(host);
    }

    public void ReadAsked(CoreHost host, long id) => _checks.ReadAsked(host, id);

    public void CutOneWay(NodeId from, NodeId to) => _oneWay.Add((from, to));

    public void Partition(IEnumerable<IEnumerable<NodeId>> groups)
    {
        _group.Clear();
        _oneWay.Clear();
        var number = 0;
        foreach (var group in groups)
        {
            number++;
            foreach (var node in group)
                _group[node] = number;
        }
    }

    public bool IsCut(NodeId from, NodeId to) => _oneWay.Contains((from, to)) || _group.GetValueOrDefault(from) != _group.GetValueOrDefault(to);

    /// <summary>Hands one message over, unless its receiver is down or cut off.</summary>
    public void Deliver(Envelope envelope)
    {
        Pool.Remove(envelope);
        var host = Host(envelope.Message.To);
        if (!host.IsUp || IsCut(envelope.Message.From, envelope.Message.To))
        {
            Print($"lost: {CoreText.Message(envelope)}");
            return;
        }

        Print($"{host.Id} receives {CoreText.Message(envelope)}");
        Step(host, target => target.Receive(Now, envelope));
    }

    private void Collect(CoreHost host)
    {
        foreach (var envelope in host.Outbox)
        {
            _checks.Leaves(host, envelope);
            Print(CoreText.Message(envelope));
            Pool.Add(envelope);
        }

        host.Outbox.Clear();
    }

    private readonly record struct View(string Standing, LogIndex Durable, LogIndex Commit, CoreFault Fault)
    {
        public static View Of(RaftCore core) => new(CoreText.Standing(core), core.Durable, core.Commit, core.Output.Fault);
    }
}
