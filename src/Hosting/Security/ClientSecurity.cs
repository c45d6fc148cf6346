namespace RaftStream.Hosting.Security;

/// <summary>Who may do what on a node's ports for clients, and how much of it.</summary>
internal sealed record ClientSecurity
{
    /// <summary>Everybody may do everything, on connections without TLS.</summary>
    public static readonly ClientSecurity None = new();

    /// <summary>The file of tokens; null for none.</summary>
    public string? TokensFile { get; init; }

    /// <summary>TLS on the ports for clients; null for none.</summary>
    public ClientTlsOptions? Tls { get; init; }

    /// <summary>The file of the secret by which nodes believe each other who asks; null for none.</summary>
    public string? NodeSecretFile { get; init; }

    /// <summary>Whether ports that others than this machine can reach may be open to everybody.</summary>
    public bool AllowsInsecure { get; init; }

    /// <summary>The limits.</summary>
    public ClientLimits Limits { get; init; } = new();

    /// <summary>
    /// Whether the nodes could not pass on what they must, for want of a secret to say who asks: somebody without a token may, and there are other nodes. Then it is better not to start than to refuse half of the requests.
    /// </summary>
    /// <param name="isAlone">Whether this node is the only one, and will be.</param>
    /// <param name="asksItself">Whether the program that the node is a part of asks by itself.</param>
    public bool LacksSecret(bool isAlone, bool asksItself) => NodeSecretFile is null && !isAlone && (Tls?.AuthorityFile is not null || (asksItself && IsClosed));

    /// <summary>Whether whoever asks must show who it is.</summary>
    public bool IsClosed => TokensFile is not null || Tls?.AuthorityFile is not null;
}

/// <summary>How much the clients of a node may ask for.</summary>
internal sealed record ClientLimits
{
    /// <summary>The most that <see cref="MaxInFlight"/> may be: the room for answers of one connection grows with it.</summary>
    public const int MostInFlight = 1_024;

    /// <summary>The most requests a second that may be set.</summary>
    public const int MostRequestsPerSecond = 10_000_000;

    /// <summary>The most connections of a port that may be set.</summary>
    public const int MostConnections = 1_000_000;

    /// <summary>Connections of a port at a time; null for what is usual there.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>Requests of one connection that are worked at together, 1 to 1,024; further ones wait in the network.</summary>
    public int MaxInFlight { get; init; } = MostInFlight;

    /// <summary>Requests a second of one client; 0 for no limit.</summary>
    public int RequestsPerSecond { get; init; }

    /// <summary>The longest key in bytes, 1 to 4,096.</summary>
    public int MaxKeyBytes { get; init; } = Http.CounterKeys.MaxBytes;
}
