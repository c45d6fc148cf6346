namespace RaftStream.StreamStateMachine;

internal static class DeterminismCheck
{
    public static IEnumerable<string> Look(TopologyNode node) => [];
}
