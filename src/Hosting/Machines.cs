namespace RaftStream.Hosting;

/// <summary>The state machine that the program replicates.</summary>
internal static class Machines
{
    /// <summary>A new, empty counting store.</summary>
    public static IStateMachine Create() => new CountingStore();
}
