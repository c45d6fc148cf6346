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
    private readonly ulong[] _sums = new ulong[renamings.Length];
    private ulong[] _sent = new ulong[64];
    private readonly List<int> _marked = [];

    /// <summary>Takes a state as the one from which steps are made.</summary>
    public void Load(ClusterState state)
    {
        foreach (var message in _marked)
            _sent[message >> 6] = 0;
        _marked.Clear();
        foreach (var message in state.Messages)
            Mark(message);
    }

    /// <summary>Whether a message was sent before the step; or, for an append, the same one with a later match.</summary>
    public bool IsSent(int message)
    {
        if ((message >> 6) < _sent.Length && (_sent[message >> 6] & (1UL << message)) != 0)
            return true;
        return messages[message].Envelope.Message.Kind == MessageKind.Append && FindFamily(message) is >= 0 and var other
            && IsAtLeast(messages[other].Envelope.Message, messages[message].Envelope.Message);
    }

    /// <summary>Puts what a step sent into the network of the state that it led to.</summary>
    public void Send(ClusterState after, int[] sent)
    {
        foreach (var message in sent)
        {
            if (IsSent(message))
                continue;
            if (messages[message].Envelope.Message.Kind == MessageKind.Append && FindFamily(message) is >= 0 and var other)
                after.Messages.Remove(other);
            after.Messages.Add(message);
        }
    }

    /// <summary>The fingerprint of a state: of the one that was loaded, or of one that a step led to, which sent these messages.</summary>
    public ulong Of(ClusterState state, int[] sent)
    {
        Array.Clear(_sums);
        foreach (var node in state.Nodes)
        {
            for (var renaming = 0; renaming < _sums.Length; renaming++)
                _sums[renaming] += nodes.HashOf(node, renaming);
        }

        foreach (var message in state.Messages)
        {
            if (!IsAlive(state, message, sent))
                continue;
            for (var renaming = 0; renaming < _sums.Length; renaming++)
                _sums[renaming] += messages.HashOf(message, renaming);
        }

        return Finish(state);
    }

    /// <summary>
    /// An append that changes nothing at its receiver and is answered by an acknowledgement that was sent before will do so for ever: within the term the
    /// receiver's log and commit index only grow, behind it the append is dead. Not where a crash may take the commit index back.
    /// </summary>
    private bool IsAlive(ClusterState state, int message, int[] sent)
    {
        var known = messages[message];
        var to = state.Nodes[known.To - 1];
        var receiver = nodes[to];
        if (receiver.IsDead(known.Envelope.Message))
            return false;
        if (!_takenIsOver || known.Envelope.Message.Kind != MessageKind.Append || receiver.CrashesLeft > 0 || receiver.Term != known.Envelope.Message.Term.Value)
            return true;
        var step = nodes.Step(to, inputs.CodeOfDelivery(message));
        if (step.State != to || step.Sent.Length != 1)
            return true;
        var answer = messages[step.Sent[0]].Envelope.Message;
        return !answer.Accepted || !(IsSent(step.Sent[0]) || Array.IndexOf(sent, step.Sent[0]) >= 0 || nodes[state.Nodes[answer.To.Value - 1]].IsDead(answer));
    }

    private static bool IsAtLeast(in Message message, in Message other) => message.Match >= other.Match && message.Commit >= other.Commit;

    /// <summary>
    /// The append in the network that brings the same entries, or -1. The later of two stands for both. What a leader says that we hold is only ever checked
    /// against our log: if the check passes for a later match it passes for an earlier one. The commit index is observed: a follower that is told a
    /// later one says the same as one that is told an earlier one, and more is checked of it.
    /// </summary>
    private int FindFamily(int message)
    {
        var family = messages[message].Family;
        foreach (var other in _marked)
        {
            if (messages[other].Family == family)
                return other;
        }

        return -1;
    }

    private void Mark(int message)
    {
        if ((message >> 6) >= _sent.Length)
            Array.Resize(ref _sent, Math.Max(_sent.Length * 2, (message >> 6) + 1));
        _sent[message >> 6] |= 1UL << message;
        _marked.Add(message);
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

        var least = ulong.MaxValue;
        for (var renaming = 0; renaming < _sums.Length; renaming++)
        {
            var leaders = 0L;
            for (var term = 1; term < state.Leaders.Length; term++)
                leaders = (leaders << 3) | (((relevant >> term) & 1) != 0 ? (long)renamings[renaming].Of(state.Leaders[term]) : 0);
            var fingerprint = default(Fingerprint);
            fingerprint.Add((long)_sums[renaming]);
            fingerprint.Add(leaders);
            fingerprint.Add((long)(ulong)state.Committed.Bits);
            fingerprint.Add((long)(ulong)(state.Committed.Bits >> 64));
            fingerprint.Add((state.Entries << 8) | (state.Changes << 4) | options.Nodes);
            least = Math.Min(least, fingerprint.Value);
        }

        return least;
    }
}
