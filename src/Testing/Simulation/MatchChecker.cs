using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>What a leader believes its peers to hold: never less than before, never what is not on their disks, never another entry than its own.</summary>
internal sealed class MatchChecker(Simulation simulation)
{
    private readonly LogIndex[,] _known = new LogIndex[Simulation.MaxMachines + 1, Simulation.MaxMachines + 1];

    /// <summary>A node begins to lead: it knows nothing of its peers.</summary>
    public void OnElected(NodeId leader)
    {
        for (var peer = 0; peer <= Simulation.MaxMachines; peer++)
            _known[leader.Value, peer] = LogIndex.Zero;
    }

    /// <summary>After an event on a leader.</summary>
    public void After(SimNode node, RaftCore core)
    {
        foreach (var member in core.Membership.Current.Members)
        {
            var peer = simulation.Nodes[member.Id.Value - 1];
            if (peer == node || peer.HasLostDisk || peer.HasForgotten)
                continue;
            var match = core.ProgressOf(peer.Id).Match;
            ref var known = ref _known[node.Id.Value, peer.Id.Value];
            if (match == known)
                continue;
            ViolationException.Require(match > known, "MatchMonotonic", $"Leader {node.Id} takes what it knows of node {peer.Id} from {known} back to {match}.");

            // A peer that has moved on to a later term may have dropped what it acknowledged in this one.
            var isHeld = match <= peer.Shadow.Held && (match < core.Log.Base.Index || peer.Shadow.At(match) is not { } held || held.Term == core.Log.TermAt(match));
            ViolationException.Require(
                isHeld || peer.Shadow.DurableHardState.Term > core.Term,
                "MatchIsDurable",
                $"Leader {node.Id} believes node {peer.Id} to hold its entries up to {match}, and it holds one of term {peer.Shadow.At(match)?.Term} there, and entries up to {peer.Shadow.Held}.");
            known = match;
        }
    }
}
