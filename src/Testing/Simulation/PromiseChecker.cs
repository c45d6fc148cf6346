using RaftStream.Raft.Core;
using RaftStream.Raft.Wire;

namespace RaftStream.Testing;

/// <summary>
/// What nodes say to each other is a promise: nothing leaves a node before what it promises is on its disk, and what was promised still holds after a
/// restart.
/// </summary>
internal sealed class PromiseChecker(Simulation simulation)
{
    private readonly Promise[] _promised = new Promise[Simulation.MaxMachines + 1];

    /// <summary>Who gave which vote.</summary>
    public VoteChecker Votes { get; } = new();

    /// <summary>Who answered which round.</summary>
    public RoundChecker Rounds { get; } = new(simulation);

    /// <summary>A node starts: what it promised before must still hold.</summary>
    public void OnStarted(SimNode node, RaftCore core)
    {
        if (node.HasForgotten)
            return; // What that leads to is to be seen, not that it happened.
        var promised = _promised[node.Id.Value];
        ViolationException.Require(core.Term >= promised.Term, "VotePersistence", $"Node {node.Id} comes back in term {core.Term} after it promised term {promised.Term}.");
        ViolationException.Require(
            core.Term != promised.Vote.Term || promised.Vote.Vote == NodeId.None || core.Vote == promised.Vote.Vote,
            "VotePersistence",
            $"Node {node.Id} comes back with vote {core.Vote} in term {core.Term} after it promised {promised.Vote.Vote}.");
    }

    /// <summary>A node whose disk was lost: what it promised is gone, and nobody may count on it.</summary>
    public void OnDiskLost(NodeId node)
    {
        _promised[node.Value] = default;
        Rounds.OnDiskLost(node);
    }

    /// <summary>A node sends a frame: nothing leaves before what it promises is durable.</summary>
    public void OnSent(SimNode node, NodeId to, ReadOnlySpan<byte> frame)
    {
        if (frame[0] != (byte)PeerFrameType.Message)
        {
            simulation.Counts.Add((PeerFrameType)frame[0] switch
            {
                PeerFrameType.Chunk => "snapshot piece sent",
                PeerFrameType.ChunkGone => "snapshot gone",
                PeerFrameType.Forward => "outbox command forwarded",
                _ => "snapshot piece asked",
            });
            return;
        }

        var sound = PeerFrame.TryReadMessage(frame, node.Id, to, simulation.Shapes, out var message);
        ViolationException.Require(sound, "SoundMessages", $"Node {node.Id} sends a message that cannot be read.");
        Rounds.OnSent(node, to, message);
        ref var promised = ref _promised[node.Id.Value];
        switch (message.Kind)
        {
            case MessageKind.SnapshotOffer:
                simulation.Counts.Add("snapshot offered");
                return;
            case MessageKind.AppendReply when !message.Accepted:
                simulation.Counts.Add("append refused");
                return;
            case MessageKind.AppendReply:
                ViolationException.Require(
                    message.Position.Index <= node.Shadow.Durable,
                    "AckAfterSync",
                    $"Node {node.Id} acknowledges entry {message.Position.Index} in term {message.Term}, but only entries up to {node.Shadow.Durable} are on its disk.");
                RequireDurableTerm(node, message);
                break;
            case MessageKind.PreVoteReply or MessageKind.VoteReply when !message.Accepted:
                simulation.Counts.Add(message.Kind == MessageKind.VoteReply ? "vote refused" : "pre-vote refused");
                return;
            case MessageKind.VoteReply:
                simulation.Counts.Add("vote granted");
                RequireDurableTerm(node, message);
                RequireVote(node, ref promised, new(message.Term, to));
                Votes.OnGranted(message.Term, node.Id, to);
                break;
            case MessageKind.Vote:
                RequireDurableTerm(node, message);
                RequireVote(node, ref promised, new(message.Term, node.Id));
                break;
            default:
                return;
        }

        if (message.Term > promised.Term)
            promised.Term = message.Term;
    }

    private static void RequireDurableTerm(SimNode node, in Message message) =>
        ViolationException.Require(
            node.Shadow.DurableHardState.Term >= message.Term,
            "VotePersistence",
            $"Node {node.Id} speaks in term {message.Term} ({message.Kind}), and its disk knows only term {node.Shadow.DurableHardState.Term}.");

    private static void RequireVote(SimNode node, ref Promise promised, HardState vote)
    {
        var durable = node.Shadow.DurableHardState;
        ViolationException.Require(
            durable.Term > vote.Term || durable.Vote == vote.Vote, "VotePersistence", $"Node {node.Id} gives its vote in term {vote.Term} to {vote.Vote}, and its disk says {durable.Vote}.");
        ViolationException.Require(
            promised.Vote.Term != vote.Term || promised.Vote.Vote == vote.Vote, "OneVoteATerm", $"Node {node.Id} votes for {promised.Vote.Vote} and for {vote.Vote} in term {vote.Term}.");
        if (vote.Term >= promised.Vote.Term)
            promised.Vote = vote;
    }

    /// <summary>The latest term that a node spoke in, and its latest vote.</summary>
    private record struct Promise(Term Term, HardState Vote);
}
