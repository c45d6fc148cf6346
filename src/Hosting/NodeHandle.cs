using RaftStream.Hosting.Http;
using RaftStream.Hosting.Security;

namespace RaftStream.Hosting;

/// <summary>
/// What the HTTP endpoints share: the replica once it has started. The server listens before the replica takes part, so that an
/// occupied port is found before anything is written; until then requests are answered with "starting".
/// </summary>
internal sealed class NodeHandle : IDisposable
{
    /// <summary>What a hand-over may take before the node stops all the same.</summary>
    private static readonly TimeSpan HandOverPatience = TimeSpan.FromSeconds(1);

    /// <summary>What requests under way may take once the node stops.</summary>
    private static readonly TimeSpan EndingPatience = TimeSpan.FromSeconds(1);

    private readonly IHostApplicationLifetime _lifetime;
    private readonly CancellationTokenSource _ending = new();
    private volatile RunningNode? _running;

    public NodeHandle(NodeSettings settings, IHostApplicationLifetime lifetime)
    {
        (Settings, _lifetime) = (settings, lifetime);
        lifetime.ApplicationStopping.Register(() => _ending.CancelAfter(Fault is null ? EndingPatience : TimeSpan.Zero));
    }

    /// <summary>This node's settings.</summary>
    public NodeSettings Settings { get; }

    /// <summary>The replica, or null while it starts.</summary>
    public RunningNode? Running => _running;

    /// <summary>Cancelled when the node begins to stop: streams, which may last for ever, end then.</summary>
    public CancellationToken Stopping => _lifetime.ApplicationStopping;

    /// <summary>Cancelled a second later, or at once where the replica failed: until then requests under way get their answers.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>What stopped the replica, in one sentence; null unless it failed.</summary>
    public string? Fault { get; private set; }

    /// <summary>The replica has started.</summary>
    public void Set(RaftNode node, ClientAddresses own) => _running = new RunningNode(node, new CountingService(node), own);

    /// <summary>The replica has stopped by itself: so does the process.</summary>
    public void Fail(string sentence)
    {
        Fault = sentence;
        _lifetime.StopApplication();
    }

    /// <summary>
    /// Before a stop that somebody asked for: a leader hands over, while it still answers, so that nobody waits for an election. It stops
    /// all the same where nobody takes over within a second.
    /// </summary>
    public async Task HandOverAsync()
    {
        if (Fault is not null || _running is not { } running || running.Node.Status.Role != Role.Leader)
            return;
        using var patience = new CancellationTokenSource(HandOverPatience);
        await running.Node.TransferLeadershipAsync(cancellationToken: patience.Token);
    }

    /// <inheritdoc/>
    public void Dispose() => _ending.Dispose();
}

/// <summary>A replica that takes part, and how this process uses it.</summary>
internal sealed record RunningNode(RaftNode Node, CountingService Counters, ClientAddresses Own)
{
    /// <summary>The program that this replica is a part of, as other nodes are told who asks.</summary>
    public Principal Program { get; } = new($"node:{Node.Status.Id}", AccessRole.Write);

    /// <summary>The counters, for one write of a session.</summary>
    public CountingService InSession(SessionHeaders session) => Counters.InSession(session.Token.Session, session.Sequence, session.Acknowledged);

    /// <summary>Where clients reach a member over HTTP, as far as this node knows.</summary>
    public string? ClientAddressOf(NodeId member) => AddressesOf(member)?.Http;

    /// <summary>Where clients of the binary protocol reach a member, as far as this node knows; null where it does not listen for them, too.</summary>
    public string? ClientPortOf(NodeId member) => AddressesOf(member)?.Port;

    /// <summary>Where clients of the Redis protocol reach a member, in the same way.</summary>
    public string? RespPortOf(NodeId member) => AddressesOf(member)?.Resp;

    /// <summary>All of them.</summary>
    public ClientAddresses? AddressesOf(NodeId member) => member == Node.Status.Id ? Own : ClientAddresses.Parse(Node.ClientAddressOf(member));
}

/// <summary>
/// Where clients reach a node. Its peers are told it as one text: the address for HTTP and, each behind a blank, those of the ports for the binary protocol and for Redis's. Nothing
/// stands for a port that there is not.
/// </summary>
/// <param name="Http">Such as <c>http://127.0.0.1:8081</c>; null where the host has no HTTP server.</param>
/// <param name="Port">Such as <c>127.0.0.1:9001</c>, or null.</param>
/// <param name="Resp">The same for the Redis protocol.</param>
internal readonly record struct ClientAddresses(string? Http, string? Port, string? Resp = null)
{
    /// <summary>Reads what a peer told; null where nothing is known.</summary>
    public static ClientAddresses? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        var parts = text.Split(' ');
        return new(Part(0), Part(1), Part(2));

        string? Part(int place) => parts.Length > place && parts[place].Length > 0 ? parts[place] : null;
    }

    /// <summary>What the peers are told; empty where there is nothing to tell.</summary>
    public override string ToString() => $"{Http} {Port} {Resp}".TrimEnd();
}
