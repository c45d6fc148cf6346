using System.Diagnostics;
using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>
/// Visits every state that a small cluster of real cores can get into, breadth first, and stops at the first broken promise: no shorter way leads to
/// one.
/// </summary>
internal sealed class Explorer
{
    private readonly ExplorerOptions _options;
    private readonly KnownMessages _messages;
    private readonly NodeInputs _inputs;
    private readonly NodeStates _nodes;
    private readonly ClusterChecks _checks;
    private readonly ClusterHash _hash;
    private readonly StateSet _visited = new();
    private readonly StateQueue _queue = new();
    private readonly StepLog _steps = new();
    private readonly ClusterState _base;
    private readonly ClusterState _next;
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private long _current;
    private long _transitions;
    private int _depth;
    private long _staleEffects;
    private Finding? _finding;

    public Explorer(ExplorerOptions options)
    {
        if (options.Problem() is { } problem)
            throw new ArgumentException(problem, nameof(options));
        _options = options;
        var renamings = Renaming.All(options);
        _messages = new(options, renamings);
        _inputs = new(options);
        _nodes = new(options, renamings, _inputs, _messages);
        _checks = new(_nodes, _messages);
        _hash = new(options, renamings, _nodes, _inputs, _messages);
        (_base, _next) = (new(options), new(options));
    }

    /// <summary>Where the exploration stands; may be read from another thread while it runs.</summary>
    public ExplorerProgress Progress => new(_visited.Count, _queue.Count, Volatile.Read(ref _depth), _watch.Elapsed, MemoryUsed);

    private long MemoryUsed => _visited.Bytes + _queue.Bytes + _steps.Bytes + GC.GetTotalMemory(false) / 8;

    /// <summary>Explores until everything is visited, a promise is broken, or time, memory or patience ends.</summary>
    public ExplorerReport Run(CancellationToken cancellation = default)
    {
        var ended = "";
        var isAsymmetric = false;
        try
        {
            Begin();
            ended = Search(cancellation);
        }
        catch (AsymmetryException asymmetry)
        {
            (ended, isAsymmetric) = (asymmetry.Message, true);
        }

        _watch.Stop();
        if (ended.Length == 0 && _finding is null && _staleEffects > 0)
            ended = "Messages that should be dead changed something: not every state was visited.";
        return new()
        {
            Options = _options,
            States = _visited.Count,
            Transitions = _transitions,
            Depth = _depth,
            NodeStates = _nodes.Count,
            Messages = _messages.Count,
            Elapsed = _watch.Elapsed,
            Bytes = MemoryUsed,
            Ended = ended,
            IsAsymmetric = isAsymmetric,
            Violation = _finding?.Violation,
            Transcript = _finding is { } found ? ExplorerTranscript.Write(_options, _messages, found.Crashes, found.Steps, found.Violation) : [],
        };
    }

    /// <summary>All ways to give the nodes their crashes begin an exploration: whoever may crash has a disk that takes its time.</summary>
    private void Begin()
    {
        foreach (var crashes in Deal(_options.Crashes, _options.Nodes))
        {
            for (var node = 0; node < _options.Nodes; node++)
                _base.Nodes[node] = _nodes.First(node + 1, crashes[node]);
            if (_visited.Add(_hash.Load(_base)))
            {
                _steps.AddRoot(crashes);
                _queue.Enqueue(_base);
            }
        }
    }

    private static IEnumerable<int[]> Deal(int crashes, int nodes)
    {
        if (nodes == 0)
            return crashes == 0 ? [[]] : [];
        return Enumerable.Range(0, crashes + 1).Reverse().SelectMany(mine => Deal(crashes - mine, nodes - 1).Select(rest => (int[])[mine, .. rest]));
    }

    /// <summary>Why the search ended early; empty if it did not.</summary>
    private string Search(CancellationToken cancellation)
    {
        var layerEnd = _visited.Count;
        for (; _queue.TryDequeue(_base); _current++)
        {
            if (_current == layerEnd)
            {
                _depth++;
                layerEnd = _visited.Count;
            }

            _hash.Load(_base);
            for (var node = 0; node < _options.Nodes; node++)
            {
                Expand(node);
                if (_finding is not null)
                    return "";
            }

            if (_current % 1024 != 0)
                continue;
            if (cancellation.IsCancellationRequested)
                return "Stopped from outside.";
            if (_options.TimeLimit > TimeSpan.Zero && _watch.Elapsed > _options.TimeLimit)
                return $"The time limit of {_options.TimeLimit.TotalSeconds:0} s ended it.";
            if (MemoryUsed > _options.MemoryLimit)
                return $"The memory limit of {_options.MemoryLimit >> 20} MiB ended it.";
        }

        return "";
    }

    /// <summary>All that may happen to one node next.</summary>
    private void Expand(int node)
    {
        var facts = _nodes[_base.Nodes[node]];
        if (facts.IsHalted)
            return;
        if (facts.HasWrites)
            Try(node, facts, new(NodeInputKind.Sync, 0, 0));
        if (facts.CrashesLeft > 0)
            Try(node, facts, new(NodeInputKind.Crash, 0, 0));
        TimeOut(node, facts);

        if (facts.Role == Role.Leader)
            ExpandLeader(node, facts);
        Hear(node, facts);
        foreach (var message in _base.Messages)
        {
            if (_messages[message].To != node || (_messages[message].Envelope.Message.Kind == MessageKind.ElectNow && facts.Term >= _options.Terms))
                continue;
            Try(node, facts, new(NodeInputKind.Deliver, 0, message));
            Refuse(node, message);
        }
    }

    private void TimeOut(int node, NodeFacts facts)
    {
        NodeStep? earlier = null;
        for (var peer = 1; peer <= _options.Nodes && facts.Term < _options.Terms; peer++)
        {
            if (peer == node + 1)
                continue;
            var step = _nodes.Step(_base.Nodes[node], _inputs.CodeOf(new(NodeInputKind.Timeout, peer, 0)));
            if (earlier is null || earlier.State != step.State || step.Violation is not null)
                Try(node, facts, new(NodeInputKind.Timeout, peer, 0));
            earlier = step;
        }
    }

    /// <summary>
    /// A refused append: its leader hears of it at once, or never. A late refusal adds nothing: all that follows from one is that entries are sent from
    /// an earlier place, and a leader that goes back later sends no entry that it would not have sent going back at once.
    /// </summary>
    private void Refuse(int node, int message)
    {
        var step = _nodes.Step(_base.Nodes[node], _inputs.CodeOfDelivery(message));
        if (step.State != _base.Nodes[node] || step.Sent.Length != 1 || !_messages[step.Sent[0]].IsRefusal)
            return;
        var leader = _messages[step.Sent[0]].To;
        var facts = _nodes[_base.Nodes[leader]];
        if (!facts.IsHalted)
            Try(leader, facts, new(NodeInputKind.Deliver, 0, step.Sent[0]));
    }

    private void ExpandLeader(int node, NodeFacts facts)
    {
        if (facts.Commit > 0)
            Beat(node, facts);
        if (_options.Resend)
            Try(node, facts, new(NodeInputKind.Resend, 0, 0));
        if (_base.Entries < _options.Entries)
            Try(node, facts, new(NodeInputKind.Propose, 0, 0));
        if (_base.Changes >= _options.Changes)
            return;
        for (var change = 0; change < _options.MemberChanges().Count; change++)
            Try(node, facts, new(NodeInputKind.Change, 0, change));
    }

    /// <summary>
    /// A leader's heartbeats: each reaches its receiver at once, or never. Late ones add nothing: all that a heartbeat brings is a commit index, which, within
    /// the term, a receiver that knows it earlier and one that learns it later answer everything alike; behind the term it is dead. Only a crash
    /// takes a commit index back: where that is more than observed, a heartbeat may come late to a node that may yet crash.
    /// </summary>
    private void Beat(int node, NodeFacts facts)
    {
        Try(node, facts, new(NodeInputKind.Beat, 0, 0));
        foreach (var message in _nodes.Step(_base.Nodes[node], _inputs.CodeOf(new(NodeInputKind.Beat, 0, 0))).Sent)
        {
            var to = _messages[message].To;
            if (_messages[message].IsHeartbeat && !_nodes[_base.Nodes[to]].IsHalted)
                Try(to, _nodes[_base.Nodes[to]], new(NodeInputKind.Deliver, 0, message));
        }
    }

    private bool IsKept(int message)
    {
        var known = _messages[message];
        return !known.IsRefusal && (!known.IsHeartbeat || (!_options.CommitIsObserved && _nodes[_base.Nodes[known.To]].CrashesLeft > 0));
    }

    /// <summary>Whatever term somebody is in, anybody may hear of: one word of it is enough, whoever says it.</summary>
    private void Hear(int node, NodeFacts facts)
    {
        for (var term = facts.Term + 1; term <= _options.Terms; term++)
        {
            for (var peer = 0; peer < _options.Nodes; peer++)
            {
                if (_nodes[_base.Nodes[peer]].Term != term)
                    continue;
                Try(node, facts, new(NodeInputKind.Notice, peer + 1, term));
                break;
            }
        }
    }

    private void Try(int node, NodeFacts before, NodeInput input)
    {
        var step = _nodes.Step(_base.Nodes[node], _inputs.CodeOf(input));
        _transitions++;
        if (step.Violation is not null)
        {
            _finding = new(_steps.Find(_current, node, input), step.Violation);
            return;
        }

        var isSame = step.State == _base.Nodes[node];
        if (isSame && step.Sent.Length == 0)
            return;
        var after = _nodes[step.State];
        var isStale = input.Kind == NodeInputKind.Deliver && _nodes.IsDead(_base.Nodes[node], input.Argument);
        if (isStale && (!isSame || Array.Exists(step.Sent, message => !_hash.IsSent(message) && IsKept(message) && !_messages[message].IsWordToStranger)))
            _staleEffects++; // That somebody is told again to be no member only stops it.
        if (isSame && Array.TrueForAll(step.Sent, message => _hash.IsSent(message) || !IsKept(message)))
            return;

        _next.CopyFrom(_base);
        _next.Nodes[node] = step.State;
        _next.Entries += input.Kind == NodeInputKind.Propose ? 1 : 0;
        _next.Changes += input.Kind == NodeInputKind.Change ? 1 : 0;
        try
        {
            if (!isSame)
                _checks.Check(_next, before, after);
            foreach (var sent in step.Sent)
                _checks.CheckVote(_base.Messages, sent);
        }
        catch (ViolationException violation)
        {
            _finding = new(_steps.Find(_current, node, input), violation);
            return;
        }

        var kept = Array.TrueForAll(step.Sent, IsKept) ? step.Sent : Array.FindAll(step.Sent, IsKept);
        if (!_visited.Add(_hash.Next(_base, _next, node, kept)))
            return;
        _hash.Send(_base, _next, kept);
        _steps.Add(_current, node, input);
        _queue.Enqueue(_next);
    }

    /// <summary>The way to a broken promise.</summary>
    private sealed record Finding((int[] Crashes, IReadOnlyList<(int Node, NodeInput Input)> Steps) Way, ViolationException Violation)
    {
        public int[] Crashes => Way.Crashes;

        public IReadOnlyList<(int Node, NodeInput Input)> Steps => Way.Steps;
    }
}
