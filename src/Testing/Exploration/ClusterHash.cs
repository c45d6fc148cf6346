using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>
/// Fingerprints of cluster states: the least of those under all renamings, so that states which differ only in names have one. Sums over nodes and
/// messages, so that order does not count.
/// </summary>
/// <remarks>
/// Left out is what can make no difference any more: dead messages, appends that were taken, and leaders of terms that nobody can win now.
/// </remarks>
internal sealed class ClusterHash(ExplorerOptions options, Renaming[] renamings, NodeStates nodes, NodeInputs inputs, KnownMessages messages)
{
    /// <summary>
    /// Whether an append that was taken and acknowledged is over. A node that may not stand forgets its leader when its timer ends, and would learn of it
    /// by such an append again.
    /// </summary>
    private readonly bool _takenIsOver = options.CommitIsObserved;
    private readonly ulong[] _base = new ulong[renamings.Length];
    private readonly ulong[] _sums = new ulong[renamings.Length];
    private readonly List<bool> _alive = [];
    private readonly List<int> _marked = [];
    private int[] _sent = new int[1024];

    /// <summary>Takes a state as the one from which steps are made, and returns its fingerprint.</summary>
    public ulong Load(ClusterState state)
    {
        foreach (var message in _marked)
            _sent[message] = 0;
        _marked.Clear();
        _alive.Clear();
        foreach (var message in state.Messages)
            Mark(message);
        Array.Clear(_base);
        foreach (var node in state.Nodes)
            Add(_base, nodes.HashesOf(node));
        foreach (var message in state.Messages)
        {
            var isAlive = IsAlive(state, message, []);
            _alive.Add(isAlive);
            if (isAlive)
                Add(_base, messages[message].Hashes);
        }

        _base.CopyTo(_sums, 0);
        return Finish(state);
    }

    /// <summary>Whether a message was sent before the step; or, for an append, the same one later.</summary>
    public bool IsSent(int message)
    {
        var known = messages[message];
        if (known.Family >= _sent.Length || _sent[known.Family] == 0)
            return false;
        return !known.IsAppend || IsAtLeast(messages[_sent[known.Family] - 1].Envelope.Message, known.Envelope.Message);
    }

    /// <summary>Fills in the messages of the state that a step led to.</summary>
    public void Send(ClusterState before, ClusterState after, int[] sent)
    {
        after.Messages.Clear();
        foreach (var message in before.Messages)
        {
            if (!IsReplaced(message, sent))
                after.Messages.Add(message);
        }

        foreach (var message in sent)
        {
            if (!IsSent(message))
                after.Messages.Add(message);
        }
    }

    /// <summary>
    /// The fingerprint of the state that a step of one node led to, which sent these messages. Of the messages before, only those to that node, and
    /// the appends from it, may have lost or found their sense by the step.
    /// </summary>
    public ulong Next(ClusterState before, ClusterState after, int node, int[] sent)
    {
        _base.CopyTo(_sums, 0);
        Remove(_sums, nodes.HashesOf(before.Nodes[node]));
        Add(_sums, nodes.HashesOf(after.Nodes[node]));
        for (var place = 0; place < before.Messages.Count; place++)
        {
            var message = messages[before.Messages[place]];
            var wasAlive = _alive[place];
            var isAlive = wasAlive;
            if (message.To == node || (message.IsAppend && message.From == node))
                isAlive = !IsReplaced(message.Id, sent) && IsAlive(after, message.Id, sent);
            if (wasAlive && !isAlive)
                Remove(_sums, message.Hashes);
            else if (!wasAlive && isAlive)
                Add(_sums, message.Hashes);
        }

        foreach (var message in sent)
        {
            if (!IsSent(message) && IsAlive(after, message, sent))
                Add(_sums, messages[message].Hashes);
        }

        return Finish(after);
    }

    private static void Add(ulong[] sums, ReadOnlySpan<ulong> hashes)
    {
        for (var renaming = 0; renaming < sums.Length; renaming++)
            sums[renaming] += hashes[renaming];
    }

    private static void Remove(ulong[] sums, ReadOnlySpan<ulong> hashes)
    {
        for (var renaming = 0; renaming < sums.Length; renaming++)
            sums[renaming] -= hashes[renaming];
    }

    /// <summary>
    /// An append that changes nothing at its receiver and is answered by an acknowledgement that was sent before will do so for ever: within the term the
    /// receiver's log and commit index only grow, behind it the append is dead. A crash takes the commit index back, which is only observed, and the
    /// leader's name, which is only a reason to refuse votes: a node without it does all that one with it does.
    /// </summary>
    private bool IsAlive(ClusterState state, int message, int[] sent)
    {
        var known = messages[message];
        var to = state.Nodes[known.To];
        if (nodes.IsDead(to, message))
            return false;
        if (!_takenIsOver || !known.IsAppend || nodes[to].Term != known.Envelope.Message.Term.Value)
            return true;
        var step = nodes.Step(to, inputs.CodeOfDelivery(message));
        if (step.State != to || step.Sent.Length != 1)
            return true;
        var answer = messages[step.Sent[0]];
        return answer.IsRefusal || !(IsSent(answer.Id) || Array.IndexOf(sent, answer.Id) >= 0 || nodes.IsDead(state.Nodes[answer.To], answer.Id));
    }

    /// <summary>
    /// Whether one append is as late as another that brings the same entries: it then stands for both. What a leader says that we hold is only ever checked
    /// against our log: if the check passes for a later match it passes for an earlier one. The commit index is observed: a follower that is told a
    /// later one says the same as one that is told an earlier one, and more is checked of it.
    /// </summary>
    private static bool IsAtLeast(in Message message, in Message other) => message.Match >= other.Match && message.Commit >= other.Commit;

    private bool IsReplaced(int message, int[] sent)
    {
        var known = messages[message];
        if (!known.IsAppend)
            return false;
        foreach (var other in sent)
        {
            if (messages[other].Family == known.Family && !IsSent(other))
                return true;
        }

        return false;
    }

    private void Mark(int message)
    {
        var family = messages[message].Family;
        if (family >= _sent.Length)
            Array.Resize(ref _sent, Math.Max(_sent.Length * 2, family + 1));
        _sent[family] = message + 1;
        _marked.Add(family);
    }

    private ulong Finish(ClusterState state)
    {
        var relevant = 0u;
        foreach (var node in state.Nodes)
        {
            // A term's leader matters to those who may yet win it: candidates, and whoever has not reached it.
            var facts = nodes[node];
            relevant |= ~0u << (facts.DurableTerm + 1);
            relevant |= facts.Role == Role.Candidate ? 1u << facts.Term : 0;
        }

        var common = default(Fingerprint);
        common.Add((long)(ulong)state.Committed.Bits);
        common.Add((long)(ulong)(state.Committed.Bits >> 64));
        common.Add((state.Entries << 8) | (state.Changes << 4) | options.Nodes);
        var least = ulong.MaxValue;
        for (var renaming = 0; renaming < _sums.Length; renaming++)
        {
            var leaders = 0L;
            for (var term = 1; term < state.Leaders.Length; term++)
                leaders = (leaders << 3) | (((relevant >> term) & 1) != 0 ? (long)renamings[renaming].Of(state.Leaders[term]) : 0);
            var fingerprint = common;
            fingerprint.Add((long)_sums[renaming]);
            fingerprint.Add(leaders);
            least = Math.Min(least, fingerprint.Value);
        }

        return least;
    }
}
