namespace RaftStream.Node.Hosting;

/// <summary>A node's settings as they were written: texts from flags, environment or file, not yet judged.</summary>
internal sealed class NodeOptions
{
    /// <summary>This node's id.</summary>
    public string? Id { get; set; }

    /// <summary>All members: <c>1=host:port,2=host:port</c>.</summary>
    public string? Cluster { get; set; }

    /// <summary>Whether to wait until a running cluster adds this node: true or false.</summary>
    public string? Join { get; set; }

    /// <summary>Where to listen for peers; unless the node joins, its address in the list of members if it is not given.</summary>
    public string? Listen { get; set; }

    /// <summary>With join: where the peers dial this node, if not where it listens.</summary>
    public string? Advertise { get; set; }

    /// <summary>With join: the incarnation of the cluster.</summary>
    public string? Incarnation { get; set; }

    /// <summary>The node's certificate for its peers, a PEM file.</summary>
    public string? TlsCert { get; set; }

    /// <summary>Its private key, a PEM file.</summary>
    public string? TlsKey { get; set; }

    /// <summary>The authorities whose signature makes a peer's certificate good, a PEM file.</summary>
    public string? TlsCa { get; set; }

    /// <summary>The data folder.</summary>
    public string? Data { get; set; }

    /// <summary>Where to listen for clients.</summary>
    public string? Http { get; set; }

    /// <summary>Where clients, and the other nodes for them, find this node, if not where it listens for clients.</summary>
    public string? AdvertiseHttp { get; set; }

    /// <summary>Where to listen for clients of the binary protocol; nowhere unless it is given.</summary>
    public string? Client { get; set; }

    /// <summary>Where those clients find this node, if not where it listens for them.</summary>
    public string? AdvertiseClient { get; set; }

    /// <summary>Where to listen for clients of the Redis protocol; nowhere unless it is given.</summary>
    public string? Resp { get; set; }

    /// <summary>Where those clients find this node, if not where it listens for them.</summary>
    public string? AdvertiseResp { get; set; }

    /// <summary>The cluster's name.</summary>
    public string? ClusterId { get; set; }

    /// <summary>Milliseconds, 50 to 60,000.</summary>
    public string? ElectionTimeoutMs { get; set; }

    /// <summary>Milliseconds, at most a third of the election timeout.</summary>
    public string? HeartbeatMs { get; set; }

    /// <summary>Bytes, at least 65,536.</summary>
    public string? SnapshotAfterBytes { get; set; }

    /// <summary>Commands, 1 to 1,048,576.</summary>
    public string? OutboxCommands { get; set; }

    /// <summary>Bytes, 65,536 to 1,073,741,824.</summary>
    public string? OutboxBytes { get; set; }

    /// <summary>The file of tokens.</summary>
    public string? Tokens { get; set; }

    /// <summary>The node's certificate for clients, a PEM file.</summary>
    public string? ClientTlsCert { get; set; }

    /// <summary>Its private key, a PEM file.</summary>
    public string? ClientTlsKey { get; set; }

    /// <summary>The authorities of clients' certificates, a PEM file.</summary>
    public string? ClientTlsCa { get; set; }

    /// <summary>The file of the secret that the nodes share.</summary>
    public string? NodeSecret { get; set; }

    /// <summary>Whether ports that others can reach may be open to everybody: true or false.</summary>
    public string? InsecureClients { get; set; }

    /// <summary>Connections of each port for clients, 1 to 1,000,000.</summary>
    public string? MaxConnections { get; set; }

    /// <summary>Requests of one connection at a time, 1 to 1,024.</summary>
    public string? MaxInFlight { get; set; }

    /// <summary>Requests a second of one client, 0 for no limit.</summary>
    public string? MaxRequestsPerSecond { get; set; }

    /// <summary>Bytes of a key, 1 to 4,096.</summary>
    public string? MaxKeyBytes { get; set; }

    /// <summary>debug, information, warning, error or none.</summary>
    public string? LogLevel { get; set; }
}
