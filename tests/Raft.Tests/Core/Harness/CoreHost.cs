using RaftStream.Raft.Core;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Core;

/// <summary>
/// A core and the least runtime around it: does what each output asks for, with a disk that a test drives by hand. What is to be
/// sent ends up in <see cref="Outbox"/>, once its write is durable.
/// </summary>
internal sealed class CoreHost(NodeId id, CoreOptions options, Configuration configuration, ulong seed, SnapshotCatalog snapshots)
{
    private readonly List<(Envelope Envelope, long After)> _held = [];
    private RaftCore? _core;
    private ulong _incarnation;

    public NodeId Id => id;

    public bool IsUp => _core is not null;

    /// <summary>Whether the core halted: it must not be started again.</summary>
    public bool HasHalted { get; private set; }

    public RaftCore Core => _core ?? throw new InvalidOperationException($"Node {id} is down: restart it first.");

    public SimulatedDisk Disk { get; } = new((ulong)id.Value);

    /// <summary>The members that a node begins with, before its files tell of any.</summary>
    public Configuration Initial => configuration;

    /// <summary>The log with its contents as the runtime knows it: durable or not.</summary>
    public DiskImage Memory { get; private set; } = new();

    /// <summary>Messages that may leave now.</summary>
    public List<Envelope> Outbox { get; } = [];

    public int HeldMessages => _held.Count;

    /// <summary>The snapshot that the core asked for and has not got.</summary>
    public (LogPosition Position, NodeId From)? Fetch { get; private set; }

    /// <summary>The write that the last input made, if it made one.</summary>
    public DiskWrite? LastWrite { get; private set; }

    /// <summary>What the last input let be applied: from (excluded) and to.</summary>
    public (LogIndex From, LogIndex To) LastApplied { get; private set; }

    public IEnumerable<(Envelope Envelope, long After)> Held => _held;

    public void Start(Instant now)
    {
        Memory = Disk.Durable.Clone();
        Disk.LoseWritesUnderWay();
        var members = Memory.SnapshotMembers ?? new(LogIndex.Zero, configuration);
        var recovery = new CoreRecovery(Memory.HardState, Memory.Base, Memory.Snapshot, Memory.Entries.Select(static entry => entry.Shape))
        {
            ConfigurationIndex = members.Index,
            Configurations = Memory.ConfigurationsBehind(LogIndex.Max(members.Index, Memory.Snapshot.Index)),
            Disk = Disk.Number,
            Life = 1 + _incarnation,
        };
        _core = new(options, members.Configuration, id, recovery, seed + (0x1_0000 * _incarnation++), now);
        LastApplied = (_core.Applied, _core.Applied);
    }

    public void Crash()
    {
        _core = null;
        _held.Clear();
        Outbox.Clear();
        Fetch = null;
        Disk.LoseWritesUnderWay();
    }

    /// <summary>The process ends, because its core says so.</summary>
    public void Halt()
    {
        HasHalted = true;
        Crash();
    }

    public void Tick(Instant now)
    {
        Core.Tick(now);
        Drain([]);
    }

    public void Receive(Instant now, Envelope envelope)
    {
        var shapes = Array.ConvertAll(envelope.Entries, entry => entry.Shape);
        Core.Receive(now, envelope.Message, shapes, [.. envelope.Entries.Where(static entry => entry.Configuration is not null).Select(static entry => entry.Configuration!)]);
        Drain(envelope.Entries);
    }

    public Proposed Propose(Instant now, params string[] texts)
    {
        var proposed = Core.Propose(now, Array.ConvertAll(texts, text => new Proposal(EntryKind.Command, text.Length)));
        Drain(Array.ConvertAll(texts, text => new EntryRecord(new(proposed.Term, EntryKind.Command, text.Length), text)));
        return proposed;
    }

    public Refusal Read(Instant now, long readId)
    {
        var refusal = Core.Read(now, readId);
        Drain([]);
        return refusal;
    }

    public Refusal Change(Instant now, MemberChange change)
    {
        var refusal = Core.Change(now, change);
        Drain([]);
        return refusal;
    }

    public Refusal Transfer(Instant now, NodeId to)
    {
        var refusal = Core.Transfer(now, to);
        Drain([]);
        return refusal;
    }

    public void StorageFull(Instant now, bool isFull)
    {
        Core.StorageFull(now, isFull);
        Drain([]);
    }

    public void CompleteWrites(Instant now, long upTo)
    {
        Disk.Complete(upTo);
        for (var i = 0; i < _held.Count;)
        {
            if (_held[i].After > upTo)
            {
                i++;
                continue;
            }

            Outbox.Add(_held[i].Envelope);
            _held.RemoveAt(i);
        }

        Core.LogDurable(now, upTo);
        Drain([]);
    }

    public void FailWrites(Instant now)
    {
        Core.LogFailed(now);
        Drain([]);
    }

    public void TakeSnapshot(LogIndex at, LogIndex compactTo)
    {
        var snapshot = Core.Log.At(at);
        var (index, current) = Core.Membership.At(at);
        var members = new PlacedConfiguration(index, current);
        Core.SnapshotTaken(snapshot, compactTo);
        if (Core.Snapshot != snapshot)
            return;
        snapshots.Add(snapshot, members);
        Memory.TakeSnapshot(snapshot, members, Core.Log.Base);
        Disk.Durable.TakeSnapshot(snapshot, members, Core.Log.Base);
    }

    public void ReceiveSnapshot(Instant now, LogPosition position)
    {
        Fetch = null;
        var members = snapshots.MembersAt(position);
        Core.SnapshotReceived(now, position, members);
        Drain([], members);
    }

    public void DropFetch() => Fetch = null;

    private void Drain(EntryRecord[] input, PlacedConfiguration? received = null)
    {
        var output = Core.Output;
        LastWrite = null;
        if (output.WriteSequence != 0)
        {
            var entries = output.AppendCount == 0 ? []
                : output.AppendIsOwn ? [Own(output.Configuration)]
                : input[^output.AppendCount..];
            LastWrite = new(output.WriteSequence, output.HardState, output.Install, output.Install == LogPosition.Zero ? null : received, output.AppendFirst, entries);
            Memory.Apply(LastWrite);
            Disk.Write(LastWrite);
        }

        if (Memory.Last != Core.Log.Last)
            throw new InvalidOperationException($"Node {id}: the core's log ends at {Core.Log.Last}, its outputs say {Memory.Last}.");
        foreach (var outgoing in output.Messages)
            Hold(outgoing);
        if (output.Fetch != LogPosition.Zero)
            Fetch = (output.Fetch, output.FetchFrom);
        LastApplied = (Core.Applied, LogIndex.Max(Core.Applied, output.ApplyTo));
        if (output.ApplyTo > Core.Applied)
            Core.AppliedTo(output.ApplyTo);
    }

    private EntryRecord Own(Configuration? members) => members is null
        ? new(new(Core.Term, EntryKind.Noop, 0), "noop")
        : new(new(Core.Term, EntryKind.Configuration, ConfigurationFormat.SizeOf(members)), CoreText.Members(members), members);

    private void Hold(Outgoing outgoing)
    {
        var message = outgoing.Message;
        var envelope = new Envelope(message, message.Count == 0 ? [] : Memory.Slice(message.Position.Index.Next, message.Count));
        if (outgoing.AfterSequence == 0)
            Outbox.Add(envelope);
        else
            _held.Add((envelope, outgoing.AfterSequence));
    }
}
