namespace RaftStream.Hosting;

/// <summary>
/// The replica of this host, for what <see cref="ICountingStore"/> has no word for: members, sessions, hand-over, snapshots, and commands and queries of a state machine of one's own
/// (<see cref="RaftStreamOptions.StateMachine"/>). Owned by the host, which starts and stops it.
/// </summary>
public sealed class RaftStreamReplica
{
    private readonly NodeHandle _handle;

    internal RaftStreamReplica(NodeHandle handle) => _handle = handle;

    /// <summary>The node.</summary>
    /// <exception cref="InvalidOperationException">The host has not started.</exception>
    public RaftNode Node => _handle.Running?.Node ?? throw new InvalidOperationException("The replica starts with its host: ask for it once the host has started.");
}
