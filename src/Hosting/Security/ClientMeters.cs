using System.Diagnostics.Metrics;

namespace RaftStream.Hosting.Security;

/// <summary>Why something was refused on a port for clients, as its counter says it.</summary>
internal static class RefusalReasons
{
    /// <summary>The port had as many connections as it takes.</summary>
    public const string Connections = "connections";

    /// <summary>No token or certificate, or a wrong one.</summary>
    public const string Unauthenticated = "unauthenticated";

    /// <summary>The role does not reach.</summary>
    public const string Forbidden = "forbidden";

    /// <summary>The client has had its requests of this second.</summary>
    public const string Rate = "rate-limited";

    /// <summary>A key is longer than it may be.</summary>
    public const string Key = "key-size";

    /// <summary>A request or its body is larger than any may be.</summary>
    public const string Size = "request-size";
}

/// <summary>
/// What the ports for clients tell those who watch the process: the meter <c>RaftStream.Clients</c>, tagged with the node's id. One a node; any thread.
/// </summary>
internal sealed class ClientMeters : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string Name = "RaftStream.Clients";

    private readonly Meter _meter;
    private readonly UpDownCounter<long> _connections;
    private readonly Counter<long> _refusals;
    private readonly Counter<long> _waits;

    public ClientMeters(NodeSettings settings)
    {
        _meter = new(Name, version: null, tags: [new("node", settings.Id.Value)]);
        _connections = _meter.CreateUpDownCounter<long>("raftstream.clients.connections", "{connection}", "Connections of clients that are open.");
        _refusals = _meter.CreateCounter<long>("raftstream.clients.refusals", "{refusal}", "Connections and requests of clients that were refused.");
        _waits = _meter.CreateCounter<long>("raftstream.clients.pipeline.waits", "{request}", "Requests that waited since as many of their connection were worked at as may be.");
    }

    /// <summary>A connection has come.</summary>
    public void Opened(string port) => _connections.Add(1, Port(port));

    /// <summary>A connection has gone.</summary>
    public void Closed(string port) => _connections.Add(-1, Port(port));

    /// <summary>Something was refused, for one of the <see cref="RefusalReasons"/>.</summary>
    public void Refused(string port, string reason) => _refusals.Add(1, Port(port), new KeyValuePair<string, object?>("reason", reason));

    /// <summary>A request waited for its place.</summary>
    public void Waited(string port) => _waits.Add(1, Port(port));

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Port(string name) => new("port", name);
}
