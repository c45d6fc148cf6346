namespace RaftStream.Testing;

/// <summary>What an operator can do to the members of a tested system, for one that has such changes.</summary>
public interface IMemberAdmin
{
    /// <summary>Adds a node, which is running and waits to be added; the others find it at <paramref name="peer"/>. True: done, and it votes.</summary>
    /// <param name="addresses">Where the nodes' first client ports are, host:port; any of them may be asked.</param>
    /// <param name="node">The node's id.</param>
    /// <param name="peer">The address of its first peer port.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    Task<bool> AddAsync(IReadOnlyList<string> addresses, int node, string peer, CancellationToken cancellationToken);

    /// <summary>Removes a node for good. True: done.</summary>
    Task<bool> RemoveAsync(IReadOnlyList<string> addresses, int node, CancellationToken cancellationToken);

    /// <summary>Hands leadership to another node. True: done.</summary>
    Task<bool> TransferAsync(IReadOnlyList<string> addresses, CancellationToken cancellationToken);
}
