using System.Runtime.InteropServices;
using RaftStream.Raft.Core;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Wire;

namespace RaftStream.Testing;

/// <summary>
/// The invariants of a whole cluster, looked at after every event, from the outside: what nodes send, what reaches their disks, what
/// their state machines do.
/// </summary>
internal sealed class Checker(Simulation simulation, Swarm swarm)
{
    private readonly Dictionary<Term, NodeId> _leaders = [];
    private readonly Dictionary<LogPosition, ulong> _chains = [];
    private readonly List<(Term Term, ulong Chain, Term CommittedIn)> _committed = [(Term.Zero, 0, Term.Zero)];
    private readonly List<ulong?> _stateAt = [];
    private readonly StateCoverage _states = new(simulation.Coverage);
    private readonly StateChecker _snapshots = new();
    private readonly MatchChecker _matches = new(simulation);
    private readonly LogChecker _logs = new();
    private readonly TimeChecker _times = new(simulation);
    private readonly NodeView[] _views = [.. Enumerable.Range(0, Simulation.MaxMachines + 1).Select(_ => new NodeView())];

    /// <summary>What nodes say, and what they promise by it.</summary>
    public PromiseChecker Promises { get; } = new(simulation);

    /// <summary>The invariants of membership.</summary>
    public MemberChecker Members { get; } = new(simulation, swarm);

    /// <summary>The last entry known to be committed by anybody.</summary>
    public LogIndex Committed => new(_committed.Count - 1);

    /// <summary>The term of a committed entry; zero where none is committed yet.</summary>
    public Term CommittedTerm(LogIndex index) => index <= Committed ? _committed[(int)index.Value].Term : Term.Zero;

    /// <summary>The chain of a committed entry.</summary>
    public ulong CommittedChain(LogIndex index) => index <= Committed ? _committed[(int)index.Value].Chain : 0;

    /// <summary>An entry was written to a node's disk: (index, term) has one content, and one past, for all time.</summary>
    public void OnWritten(LogPosition position, ulong chain)
    {
        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(_chains, position, out var isKnown);
        if (!isKnown)
            known = chain;
        else if (known != chain)
            throw new ViolationException("LogMatching", $"Two logs hold entry {position} with different contents or different entries before it.");
    }

    /// <summary>A node starts: what it promised before must still hold.</summary>
    public void OnStarted(SimNode node)
    {
        var view = _views[node.Id.Value];
        var core = node.Replica!.Consensus.Core;
        Promises.OnStarted(node, core);
        view.Restart(core);
        _logs.OnStarted(node, core);
    }

    /// <summary>A state machine applied a command: the same at the same index on every replica.</summary>
    public void OnApplied(SimNode node, in Command command, ulong stateHash)
    {
        var index = command.Position.Index;
        ViolationException.Require(index > _views[node.Id.Value].Applied, "AppliedMonotonic", $"Node {node.Id} applies entry {index} after entry {_views[node.Id.Value].Applied}.");
        _views[node.Id.Value].Applied = index;
        ViolationException.Require(
            index <= Committed && _committed[(int)index.Value].Term == command.Position.Term,
            "StateMachineSafety",
            $"Node {node.Id} applies {command.Position}, which is not what is committed there.");
        ViolationException.Require(index <= node.Shadow.Durable, "AppliedIsDurable", $"Node {node.Id} applies entry {index}, and its disk holds entries up to {node.Shadow.Durable}.");
        simulation.Trace.AddState(node.Id.Value, index, stateHash);
        while (_stateAt.Count <= index.Value)
            _stateAt.Add(null);
        if (_stateAt[(int)index.Value] is not { } first)
        {
            _stateAt[(int)index.Value] = stateHash;
            _times.OnNewState(command);
            simulation.Workload.OnNewState(node, command);
            return;
        }

        ViolationException.Require(first == stateHash, "EqualState", $"Node {node.Id} has another state after entry {index} than the first node that applied it.");
    }

    /// <summary>After an event on a node.</summary>
    public void After(SimNode node)
    {
        if (node.Replica is not { } replica)
            return;
        var core = replica.Consensus.Core;
        if (replica.Fault is { } fault)
        {
            OnFault(node, core.Output.Fault, fault);
            return;
        }

        var view = _views[node.Id.Value];
        if (core.Commit != view.Commit)
            OnCommit(node, core, view);
        if (core.Term != view.Term || core.Role != view.Role)
            OnRoleChange(node, core, view);
        _logs.After(node.Id, core, _committed[(int)core.Commit.Value].Term);
        Members.After(node, core);
        _times.After(node, core);
        _states.After(node, core, Committed, _committed);
        if (core.Role == Role.Leader)
        {
            _matches.After(node, core);
            Promises.Rounds.After(node, core);
        }

        ViolationException.Require(core.Durable <= node.Shadow.Durable, "DurableIsDurable", $"Node {node.Id} believes entries up to {core.Durable} durable, and they are up to {node.Shadow.Durable}.");
        var (applied, stateHash) = replica.Consensus.Applied;
        if (applied.Index != view.Reported)
        {
            view.Reported = applied.Index;
            _snapshots.OnState(node.Id, applied.Index, stateHash);
        }

        // One that came from a peer counts from the moment when it is decided on, and is the disk's only when it is restored from there.
        if (applied.Index >= core.Snapshot.Index)
            _logs.OnSnapshot(node.Id, core.Snapshot.Index);
        ViolationException.Require(core.Applied >= view.CoreApplied, "AppliedMonotonic", $"Node {node.Id} takes what it has applied from {view.CoreApplied} back to {core.Applied}.");
        view.CoreApplied = core.Applied;

        // One that is to be installed is not there before that is on disk: until then the node comes back with the one before.
        if (core.Snapshot.Index > view.Snapshot && core.Durable >= core.Snapshot.Index)
        {
            view.Snapshot = core.Snapshot.Index;
            _snapshots.OnSnapshot(node, core.Snapshot);
            simulation.Happened(applied.Index >= core.Snapshot.Index ? "snapshot saved" : "snapshot installed", node);
            if (applied.Index < core.Snapshot.Index && replica.Queues.Apply.Count > 1)
                simulation.Happened("snapshot installed while entries wait to be applied", node);
        }

        if (core.Membership.Index < view.Configuration)
            simulation.Happened("configuration rolled back", node);
        (view.Configuration, view.Term, view.Role, view.Commit) = (core.Membership.Index, core.Term, core.Role, core.Commit);
    }

    /// <summary>A node whose disk was lost starts from nothing: what it promised is gone, and nobody may count on it.</summary>
    public void OnDiskLost(SimNode node)
    {
        _views[node.Id.Value] = new();
        _logs.OnDiskLost(node.Id);
        Promises.OnDiskLost(node.Id);
    }

    /// <summary>A node falls silent: only one that was removed, or whose disk was lost, may.</summary>
    private void OnFault(SimNode node, CoreFault fault, string sentence)
    {
        var isDue = fault == CoreFault.Removed ? Members.IsGone(node.Id) : fault is CoreFault.OtherDisk or CoreFault.AcknowledgedEntriesLost && (node.HasLostDisk || node.HasForgotten)
            || fault == CoreFault.LogFailed && (node.HasRotted || simulation.SyncErrors.HasMet(node));
        if (!isDue)
            throw new ViolationException("Healthy", $"Node {node.Id} stopped: {sentence}");
        simulation.Happened($"node stopped {fault}", node);
        if (fault == CoreFault.Removed)
            node.Retire();
        else if (fault == CoreFault.LogFailed && simulation.SyncErrors.HasMet(node))
            simulation.SyncErrors.OnSilent(node);
        else
            node.GiveDiskUp();
    }

    private void OnRoleChange(SimNode node, RaftCore core, NodeView view)
    {
        ViolationException.Require(core.Term >= view.Term, "TermMonotonic", $"Node {node.Id} goes from term {view.Term} back to {core.Term}.");
        if (core.Term > view.Term)
            simulation.Counts.Add("term begun by a node");
        if (view.Role is Role.PreCandidate or Role.Candidate && core.Role == Role.Follower)
            simulation.Counts.Add(view.Role == Role.Candidate ? "election lost" : "pre-vote given up");
        switch (core.Role)
        {
            case Role.PreCandidate when view.Role != Role.PreCandidate:
                simulation.Happened("pre-vote asked", node);
                break;
            case Role.Candidate:
                simulation.Happened("election begun", node);
                break;
            case Role.Leader when view.Role != Role.Leader || view.Term != core.Term:
                OnElected(node, core, view);
                break;
            case Role.Follower when view.Role == Role.Leader:
                simulation.Happened("leader stepped down", node);
                break;
            default:
                break;
        }
    }

    private void OnElected(SimNode node, RaftCore core, NodeView view)
    {
        simulation.Happened("leader elected", node);
        if (!_leaders.TryAdd(core.Term, node.Id) && _leaders[core.Term] != node.Id)
            throw new ViolationException("ElectionSafety", $"Nodes {_leaders[core.Term]} and {node.Id} both lead term {core.Term}.");
        Promises.Votes.OnElected(node.Id, core);
        for (var index = LogIndex.Max(core.Log.Base.Index, new(1)); index <= Committed; index = index.Next)
        {
            // A leader may learn late that it won, when a later term has committed more already.
            if (_committed[(int)index.Value].CommittedIn >= core.Term)
                break;
            ViolationException.Require(
                index <= core.Log.Last.Index && core.Log.TermAt(index) == _committed[(int)index.Value].Term,
                "LeaderCompleteness",
                $"Node {node.Id} leads term {core.Term} without the committed entry {index}.");
        }

        _matches.OnElected(node.Id);
    }

    private void OnCommit(SimNode node, RaftCore core, NodeView view)
    {
        ViolationException.Require(core.Commit > view.Commit, "CommitMonotonic", $"Node {node.Id} takes its commit index from {view.Commit} back to {core.Commit}.");
        if (core.Role == Role.Leader)
            ViolationException.Require(core.Log.TermAt(core.Commit) == core.Term, "OwnTermCommit", $"Node {node.Id} commits entry {core.Commit} of term {core.Log.TermAt(core.Commit)} as leader of term {core.Term}.");
        Members.OnCommit(core);
        var first = LogIndex.Max(view.Commit.Next, core.Log.Base.Index);
        for (var index = first; index <= core.Commit; index = index.Next)
        {
            if (index == LogIndex.Zero)
                continue;
            if (index > Committed)
                CommitFirst(node, core, index);
            else
                ViolationException.Require(core.Log.TermAt(index) == _committed[(int)index.Value].Term, "StateMachineSafety", $"Node {node.Id} commits {core.Log.At(index)}, where term {_committed[(int)index.Value].Term} is committed.");
        }
    }

    /// <summary>The first node to commit an entry: from now on it stands for all time, and a majority has it on disk.</summary>
    private void CommitFirst(SimNode node, RaftCore core, LogIndex index)
    {
        var position = core.Log.At(index);
        ViolationException.Require(core.Role == Role.Leader || _views[node.Id.Value].Role == Role.Leader, "CommitByLeader", $"Node {node.Id}, a {core.Role}, is the first to commit {position}.");
        ulong? chain = null;
        foreach (var holder in simulation.Nodes)
        {
            if (holder.Shadow.At(index) is { } held && held.Term == position.Term)
                chain ??= held.Chain;
        }

        ViolationException.Require(
            MemberChecker.InForceSince(core, position.Index).Any(members => MemberChecker.IsQuorum(members, id => Holds(simulation.Nodes[id.Value - 1], position))),
            "CommittedIsDurable",
            $"Node {node.Id} commits {position}, which too few disks hold.");
        ViolationException.Require(index == Committed.Next, "CommitContiguous", $"Entry {index} is committed before entry {Committed.Next}.");
        _committed.Add((position.Term, chain!.Value, core.Term));
        _times.OnCommitted(index);
    }

    /// <summary>Whether a disk holds an entry, or held it before it was lost: an acknowledgement from before counts, as it would had the commit come first.</summary>
    private static bool Holds(SimNode node, LogPosition position) =>
        node.Shadow.HeldWhenLost(position)
        || (node.Shadow.At(position.Index) is { } held && held.Term == position.Term && node.Shadow.Durable >= position.Index);

    /// <summary>What was last seen of a node.</summary>
    private sealed class NodeView
    {
        public Term Term { get; set; }

        public Role Role { get; set; }

        public LogIndex Commit { get; set; }

        public LogIndex Snapshot { get; set; }

        public LogIndex Configuration { get; set; }

        public LogIndex Applied { get; set; }

        public LogIndex Reported { get; set; }

        /// <summary>What its core counts as applied.</summary>
        public LogIndex CoreApplied { get; set; }

        public void Restart(RaftCore core) =>
            (Term, Role, Commit, Snapshot, Applied, CoreApplied, Configuration) = (core.Term, core.Role, core.Commit, core.Snapshot.Index, core.Applied, core.Applied, core.Membership.Index);
    }
}
