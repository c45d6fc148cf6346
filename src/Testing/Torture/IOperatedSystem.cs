namespace RaftStream.Testing;

/// <summary>
/// A tested system beside whose nodes something else stands in production, such as what promotes a replica once the primary is gone. A run starts it with
/// the nodes and stops it after the final reads.
/// </summary>
public interface IOperatedSystem : ITestedSystem
{
    /// <summary>
    /// Does what it has to do until it is told to stop. Never throws for a node that is down.
    /// </summary>
    /// <param name="addressOf">Where a node's first client port is found, at host:port, on a way that no fault of the network cuts.</param>
    /// <param name="stop">Ends it.</param>
    Task OperateAsync(Func<int, string> addressOf, CancellationToken stop);
}
