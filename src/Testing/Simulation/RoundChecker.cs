using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>
/// The rounds on which linearizable reads, leases and freshness rest, told from what is sent: when each round left first, and who answered it. A stale
/// read needs two leaders and a client at both at the right moment; that nobody was asked shows in every read.
/// </summary>
/// <remarks>Rates of clocks are what leases are made for, jumps are not: beyond the promises only reads are judged here.</remarks>
internal sealed class RoundChecker(Simulation simulation)
{
    /// <summary>Clocks are rounded to a nanosecond of their own, ages to 100.</summary>
    private const long Rounding = 1000;

    /// <summary>Terms that a read may have lived through, waiting for a state machine that takes long.</summary>
    private const int MaxTermsOfRead = 1000;

    private readonly Dictionary<Term, TermRounds> _terms = [];
    private readonly (Term Term, Instant At)[] _answered = new (Term, Instant)[Simulation.MaxMachines + 1];
    private readonly Dictionary<(Term Term, NodeId Candidate), bool> _byTransfer = [];
    private readonly Instant[] _echoed = new Instant[Simulation.MaxMachines + 1];
    private readonly (Term Term, long Sent)[] _claimed = new (Term, long)[Simulation.MaxMachines + 1];

    private bool IsTimed => simulation.Options.Profile != FaultProfile.Beyond;

    /// <summary>A node's disk is lost, and its promises with it.</summary>
    public void OnDiskLost(NodeId node) => _answered[node.Value] = default;

    /// <summary>A node says something.</summary>
    public void OnSent(SimNode node, NodeId to, in Message message)
    {
        switch (message.Kind)
        {
            case MessageKind.Append:
                RoundsOf(message.Term, node.Id).Left(message.Round, simulation.Now);
                if (IsTimed && message.Clock != default && message.Clock > _echoed[to.Value])
                    CheckEcho(node, to, message);
                break;
            case MessageKind.AppendReply when message.Round > 0:
                OnAnswer(node, message);
                break;
            case MessageKind.Vote:
                _byTransfer[(message.Term, node.Id)] = message.ByTransfer;
                RequirePatience(node, node.Id, message.Term);
                break;
            case MessageKind.VoteReply when message.Accepted:
                RequirePatience(node, to, message.Term);
                break;
            default:
                break;
        }
    }

    /// <summary>After an event on a leader: no quorum answered it later than it says, and while it may answer alone nobody else leads a later term.</summary>
    public void After(SimNode node, RaftCore core)
    {
        if (IsTimed && core.FreshnessAt(node.Clock.Now) is { } fresh)
            CheckClaim(node, core, simulation.Now - (fresh.Age.Ticks * 100) - Rounding);
        foreach (var other in simulation.Nodes)
        {
            if (other == node || other.Replica?.Consensus.Core is not { Role: Role.Leader } rival)
                continue;
            var (old, oldNode) = core.Term < rival.Term ? (core, node) : (rival, other);
            ViolationException.Require(
                old.ReadByLease(oldNode.Clock.Now) != Refusal.None, "LeaseExclusive", $"Node {oldNode.Id} holds a lease in term {old.Term} while nodes {node.Id} and {other.Id} lead terms {core.Term} and {rival.Term}.");
        }
    }

    /// <summary>A linearizable read was answered at a node: a quorum answered a round that left after the read was asked.</summary>
    public void OnRead(SimNode node, long askedAt)
    {
        if (node.Replica?.Consensus.Core is not { } core)
            return;
        for (var back = 0; back < MaxTermsOfRead; back++)
        {
            // A follower's own configuration may be older than that of the leader that asked, which may act on one that is on no disk yet.
            if (_terms.TryGetValue(new(core.Term.Value - back), out var rounds)
                && (IsAnswered(core, rounds, askedAt)
                    || simulation.Checker.Members.Since(core.Membership.Index).Any(members => MemberChecker.IsQuorum(members, id => rounds.AnsweredSince(id, askedAt)))
                    || simulation.Nodes.Exists(other => other.Replica?.Consensus.Core is { Role: Role.Leader } leader && IsAnswered(leader, rounds, askedAt))))
            {
                return;
            }
        }

        throw new ViolationException("ReadConfirmed", FormattableString.Invariant($"Node {node.Id} answers a read in term {core.Term} that was asked at {askedAt}, and no quorum has answered a round that left since."));
    }

    private static bool IsAnswered(RaftCore core, TermRounds rounds, long since) =>
        MemberChecker.InForceSince(core, LogIndex.Zero).Any(members => MemberChecker.IsQuorum(members, id => rounds.AnsweredSince(id, since)));

    private void CheckClaim(SimNode node, RaftCore core, long sent)
    {
        ref var claimed = ref _claimed[node.Id.Value];
        if (claimed.Term == core.Term && sent <= claimed.Sent)
            return;
        var isSound = sent <= 0 || (_terms.TryGetValue(core.Term, out var rounds) && IsAnswered(core, rounds, sent)) || core.Membership.Current.Count == 1;
        ViolationException.Require(isSound, "LeaseFromSend", $"Leader {node.Id} of term {core.Term} counts from {sent}, and no quorum has answered a round that left so late.");
        claimed = (core.Term, sent);
    }

    /// <summary>A leader tells a node its own clock back, and by that what was committed then: a quorum answered a round that left later.</summary>
    private void CheckEcho(SimNode leader, NodeId to, in Message append)
    {
        var at = simulation.Nodes[to.Value - 1].Clock.TrueTimeAt(append.Clock) - Rounding;
        ViolationException.Require(
            IsAnswered(leader.Replica!.Consensus.Core, _terms[append.Term], at), "EchoConfirmed", $"Leader {leader.Id} of term {append.Term} tells node {to} its clock of {at}, and no quorum has answered a round that left since.");
        _echoed[to.Value] = append.Clock;
    }

    private void OnAnswer(SimNode node, in Message message)
    {
        if (!_terms.TryGetValue(message.Term, out var rounds))
            return;
        rounds.Answered(node.Id, message.Round);
        if (!message.Accepted)
            return;
        _answered[node.Id.Value] = (message.Term, message.Clock);
        if (IsTimed)
            ViolationException.Require(node.Clock.TrueTimeAt(message.Clock) + Rounding >= rounds.LeftAt(message.Round), "StampedAfterAsked", $"Node {node.Id} answers round {message.Round} of term {message.Term} by a clock from before it left.");
    }

    /// <summary>
    /// A vote is given: not within an election timeout, by the voter's own clock, after it answered a leader of an earlier term, in whatever life of its
    /// process, unless that leader hands over.
    /// </summary>
    private void RequirePatience(SimNode node, NodeId candidate, Term term)
    {
        // Who hands over gives its lease up first, for the rest of its term: nobody has to be patient for it any more, then or later.
        if (_byTransfer.GetValueOrDefault((term, candidate)))
            _answered[node.Id.Value] = default;
        var (answered, at) = _answered[node.Id.Value];
        if (!IsTimed || answered >= term || at == default)
            return;
        var passed = node.Clock.Now - at;
        ViolationException.Require(passed >= Simulation.ElectionTimeout, "Stickiness", $"Node {node.Id} gives its vote of term {term} to {candidate} {passed.TotalMilliseconds} ms after it answered the leader of term {answered}.");
    }

    private TermRounds RoundsOf(Term term, NodeId leader)
    {
        if (!_terms.TryGetValue(term, out var rounds))
            _terms.Add(term, rounds = new(leader));
        return rounds;
    }

    /// <summary>The rounds of a term: when each left first, and up to which each node answered.</summary>
    private sealed class TermRounds(NodeId leader)
    {
        private readonly List<long> _left = [0];
        private readonly long[] _newest = new long[Simulation.MaxMachines + 1];

        public void Left(long round, long now)
        {
            while (_left.Count <= round)
                _left.Add(now);
        }

        public void Answered(NodeId node, long round) => _newest[node.Value] = Math.Max(_newest[node.Value], round);

        public long LeftAt(long round) => round < _left.Count ? _left[(int)round] : 0;

        /// <summary>The leader answers itself at once.</summary>
        public bool AnsweredSince(NodeId node, long since) => node == leader || (_newest[node.Value] > 0 && LeftAt(_newest[node.Value]) >= since);
    }
}
