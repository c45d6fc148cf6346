using System.Runtime.CompilerServices;
using RaftStream.Raft.Core;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Core;

/// <summary>
/// Watches a cluster of cores from outside and throws at the first step that breaks a promise of Raft (dissertation figure 3.2),
/// or lets a word out before the disk that backs it.
/// </summary>
internal sealed class ShadowChecks(IReadOnlyList<CoreHost> hosts)
{
    private readonly Dictionary<Term, NodeId> _leaders = [];
    private readonly Dictionary<LogPosition, (Term Previous, EntryRecord Record)> _entries = [];
    private readonly List<EntryRecord> _committed = [];
    private Configuration? _members;
    private readonly Dictionary<NodeId, Seen> _seen = [];
    private readonly Dictionary<(NodeId Node, long Read), long> _reads = [];

    /// <summary>What concerns the members.</summary>
    public MemberChecks Members { get; } = new();

    /// <summary>How many entries are committed.</summary>
    public int Committed => _committed.Count;

    /// <summary>The highest term that anyone led.</summary>
    public int TermsLed => _leaders.Count;

    /// <summary>The highest term that any node was in.</summary>
    public Term HighestTerm { get; private set; }

    /// <summary>Reads whose answer was checked.</summary>
    public int ReadsChecked { get; private set; }

    /// <summary>A read was taken: whatever is committed by now, it must see.</summary>
    public void ReadAsked(CoreHost host, long read) => _reads[(host.Id, read)] = _committed.Count;

    /// <summary>A node starts again: what it knew only in memory may be gone.</summary>
    public void Restarted(CoreHost host)
    {
        var core = host.Core;
        if (_seen.TryGetValue(host.Id, out var seen))
            Require(core.Term >= seen.DurableTerm || host.Disk.Lost is not null, $"node {host.Id} came back in term {core.Term} after its disk held term {seen.DurableTerm}");
        MemberChecks.InForce(host);
        _seen[host.Id] = new(core.Role, core.Term, core.Commit, core.Applied, core.Term, MembersOf(core));
    }

    /// <summary>A message leaves a node: what it says must be on that node's disk.</summary>
    public void Leaves(CoreHost host, Envelope envelope)
    {
        var message = envelope.Message;
        var durable = host.Disk.Durable;
        switch (message.Kind)
        {
            case MessageKind.Vote:
                Require(durable.HardState == new HardState(message.Term, host.Id) || durable.HardState.Term > message.Term, $"{host.Id} asks for votes in term {message.Term} with {durable.HardState} on disk");
                Members.Voted(host.Id, message, host.Id);
                break;
            case MessageKind.VoteReply when message.Accepted:
                Require(durable.HardState == new HardState(message.Term, message.To) || durable.HardState.Term > message.Term, $"{host.Id} votes for {message.To} in term {message.Term} with {durable.HardState} on disk");
                Members.Voted(host.Id, message, message.To);
                break;
            case MessageKind.AppendReply when message.Accepted:
                Require(durable.HardState.Term >= message.Term, $"{host.Id} acknowledges in term {message.Term} with {durable.HardState} on disk");
                Require(durable.HardState.Term > message.Term || durable.Last.Index >= message.Position.Index, $"{host.Id} acknowledges {message.Position.Index} with a disk that ends at {durable.Last}");
                break;
            case MessageKind.Append:
                for (var i = 0; i < envelope.Entries.Length; i++)
                    RecordEntry(message.Position.Index + 1 + i, i == 0 ? message.Position.Term : envelope.Entries[i - 1].Shape.Term, envelope.Entries[i]);
                break;
            default:
                break;
        }
    }

    /// <summary>After each input of a node.</summary>
    public void Observe(CoreHost host)
    {
        var core = host.Core;
        var before = _seen[host.Id];
        Require(core.Term >= before.Term, $"{host.Id}: term fell from {before.Term} to {core.Term}");
        Require(core.Commit >= before.Commit, $"{host.Id}: commit fell from {before.Commit} to {core.Commit}");
        Require(core.Applied >= before.Applied, $"{host.Id}: applied fell from {before.Applied} to {core.Applied}");
        Require(core.Applied <= core.Commit, $"{host.Id}: applied {core.Applied} past its commit {core.Commit}");
        if (host.LastWrite is { } write)
            CheckWrite(host, write, before);
        if (core.Role == Role.Leader && (before.Role != Role.Leader || before.Term != core.Term))
            CheckNewLeader(host, before.Members.Configuration);
        for (var index = before.Commit.Next; index <= core.Commit; index = index.Next)
            CheckCommitted(host, index, before.Members.Configuration);
        foreach (var read in core.Output.ReadsReady)
            CheckRead(host, read);
        if (host.LastWrite is { Entries: [{ Configuration: { } members }] } && core.Output.AppendIsOwn)
            Members.Append(host, before.Members, members);
        HighestTerm = core.Term > HighestTerm ? core.Term : HighestTerm;
        MemberChecks.InForce(host);
        _seen[host.Id] = new(core.Role, core.Term, core.Commit, core.Applied, host.Disk.Durable.HardState.Term, MembersOf(core));
    }

    private static void Require(bool holds, [InterpolatedStringHandlerArgument(nameof(holds))] ref Sentence otherwise)
    {
        if (!holds)
            throw new AssertionException(otherwise.ToString());
    }

    private void CheckWrite(CoreHost host, DiskWrite write, in Seen before)
    {
        if (write.Entries.Length > 0)
        {
            Require(write.AppendFirst > before.Commit, $"{host.Id} rewrites {write.AppendFirst}, which is committed up to {before.Commit}");
            Require(write.Install == LogPosition.Zero, $"{host.Id} installs and appends in one write");
        }

        for (var i = 0; i < write.Entries.Length; i++)
            RecordEntry(write.AppendFirst + i, host.Memory.TermAt(write.AppendFirst + i - 1), write.Entries[i]);
        if (write.Install != LogPosition.Zero)
            Require(write.Install.Index <= new LogIndex(_committed.Count) && Same(write.Install), $"{host.Id} installs {write.Install}, which was never committed");
    }

    private bool Same(LogPosition position) => _committed[(int)position.Index.Value - 1].Shape.Term == position.Term;

    private void CheckNewLeader(CoreHost host, Configuration members)
    {
        Members.Leads(host, members);
        var term = host.Core.Term;
        Require(_leaders.TryAdd(term, host.Id) || _leaders[term] == host.Id, $"term {term} is led by {_leaders[term]} and by {host.Id}");
        Require(host.Memory.Last.Index.Value >= _committed.Count, $"{host.Id} leads term {term} with a log to {host.Memory.Last}, though {_committed.Count} entries are committed");
        for (var index = host.Memory.Base.Index.Next; index.Value <= _committed.Count; index = index.Next)
            Require(host.Memory.At(index) == _committed[(int)index.Value - 1], $"{host.Id} leads term {term} without the committed entry {index}");
    }

    private void CheckCommitted(CoreHost host, LogIndex index, Configuration members)
    {
        if (index.Value > _committed.Count)
        {
            Require(index > host.Memory.Base.Index, $"{host.Id} commits {index} first and has it no more");
            var record = host.Memory.At(index);
            var copies = CopiesOf(new(index, record.Shape.Term), members);
            Require(MemberChecks.HasQuorum(members, copies), $"{host.Id} commits {index}@{record.Shape.Term} with copies on the disks of slots {copies} (bits) of {CoreText.Members(members)}");
            _committed.Add(record);
            if (record.Configuration is { } committed)
            {
                Members.Committed(_members ?? committed, committed);
                _members = committed;
            }
        }
        else if (index > host.Memory.Base.Index)
        {
            Require(host.Memory.At(index) == _committed[(int)index.Value - 1], $"{host.Id} commits another entry {index} than was committed: {host.Memory.At(index)} for {_committed[(int)index.Value - 1]}");
        }
    }

    /// <summary>The members that hold an entry on disk, or held it there until their disk was lost.</summary>
    private uint CopiesOf(LogPosition position, Configuration members)
    {
        var copies = 0u;
        for (var slot = 0; slot < members.Count; slot++)
        {
            var disk = hosts.First(host => host.Id == members.IdAt(slot)).Disk;
            copies |= Holds(disk.Durable) || (disk.Lost is { } lost && Holds(lost)) ? 1u << slot : 0;
        }

        return copies;

        bool Holds(DiskImage image) => image.Last.Index >= position.Index && image.Covers(position);
    }

    private static PlacedConfiguration MembersOf(RaftCore core) => new(core.Membership.Index, core.Membership.Current);

    private void CheckRead(CoreHost host, ReadyRead read)
    {
        var least = _reads[(host.Id, read.Id)];
        Require(read.Index.Value >= least, $"read {read.Id} on {host.Id} is answered at {read.Index}, though {least} entries were committed when it was asked");
        ReadsChecked++;
    }

    private void RecordEntry(LogIndex index, Term previous, EntryRecord record)
    {
        var position = new LogPosition(index, record.Shape.Term);
        Require(_entries.TryAdd(position, (previous, record)) || _entries[position] == (previous, record), $"two entries are {position}: {_entries[position]} and {(previous, record)}");
    }

    /// <summary>A sentence that is only put together when it is needed: these checks run millions of times.</summary>
    [InterpolatedStringHandler]
    private ref struct Sentence
    {
        private DefaultInterpolatedStringHandler _inner;

        public Sentence(int literalLength, int formattedCount, bool holds, out bool isNeeded)
        {
            isNeeded = !holds;
            _inner = holds ? default : new(literalLength, formattedCount);
        }

        public void AppendLiteral(string text) => _inner.AppendLiteral(text);

        public void AppendFormatted<T>(T value) => _inner.AppendFormatted(value);

        public override string ToString() => _inner.ToStringAndClear();
    }

    private readonly record struct Seen(Role Role, Term Term, LogIndex Commit, LogIndex Applied, Term DurableTerm, PlacedConfiguration Members);
}
