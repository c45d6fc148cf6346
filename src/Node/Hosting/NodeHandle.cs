namespace RaftStream.Node.Hosting;

/// <summary>
/// What the HTTP endpoints share: the replica once it has started. The server listens before the replica takes part, so that an
/// occupied port is found before anything is written; until then requests are answered with "starting".
/// </summary>
internal sealed class NodeHandle(NodeSettings settings, IHostApplicationLifetime lifetime)
{
    private volatile RunningNode? _running;

    /// <summary>This node's settings.</summary>
    public NodeSettings Settings { get; } = settings;

    /// <summary>The replica, or null while it starts.</summary>
    public RunningNode? Running => _running;

    /// <summary>Cancelled when the node begins to stop: requests under way end then.</summary>
    public CancellationToken Stopping => lifetime.ApplicationStopping;

    /// <summary>What stopped the replica, in one sentence; null unless it failed.</summary>
    public string? Fault { get; private set; }

    /// <summary>The replica has started.</summary>
    public void Set(RaftNode node, string clientAddress) => _running = new RunningNode(node, new CountingService(node), clientAddress);

    /// <summary>The replica has stopped by itself: so does the process.</summary>
    public void Fail(string sentence)
    {
        Fault = sentence;
        lifetime.StopApplication();
    }
}

/// <summary>A replica that takes part, and how this process uses it.</summary>
internal sealed record RunningNode(RaftNode Node, CountingService Counters, string ClientAddress);
