namespace RaftStream.Testing;

/// <summary>
/// Runs the nodes of a tested system somewhere, and stands between them. Never throws for a node that has ended by itself; disposing it ends and
/// removes all that it made, and so does, on its next start, what a driver that was killed had left.
/// </summary>
internal interface IClusterDriver : IAsyncDisposable
{
    /// <summary>process, namespace or container.</summary>
    string Name { get; }

    /// <summary>What of <see cref="LinkFault"/> this driver can do.</summary>
    LinkFaults Abilities { get; }

    /// <summary>Whether faults of ways strike nodes, too, that joined a cluster that ran: not where the lab cannot tell who dials an address that is the same for all.</summary>
    bool CutsNewcomers { get; }

    /// <summary>In one sentence why nodes cannot be shown a wall clock that the lab sets; null if they can.</summary>
    string? WhyNoWallClocks { get; }

    /// <summary>Whether nodes that are started from now on see a wall clock that the lab sets: see <see cref="WallClocks"/>.</summary>
    bool SetsWallClocks { get; set; }

    /// <summary>Every node there is, in the order of the ids.</summary>
    IReadOnlyList<int> Nodes { get; }

    /// <summary>Makes a place for one more node, with the next id; it is not started.</summary>
    int AddNode();

    /// <summary>Starts a node's process, again if it has ended.</summary>
    void Start(int node);

    /// <summary>Ends a node's process at once, as SIGKILL does, and waits until it is gone.</summary>
    Task KillAsync(int node);

    /// <summary>Asks a node's process to end cleanly; kills it after a time.</summary>
    Task StopAsync(int node);

    /// <summary>Stops a node's process where it stands (SIGSTOP), or lets it go on (SIGCONT).</summary>
    void Pause(int node, bool isPaused);

    /// <summary>Whether the node's process runs.</summary>
    bool IsRunning(int node);

    /// <summary>How many processes the node had so far, the one that runs included: an answer that came while this did not change is that process's.</summary>
    int StartsOf(int node);

    /// <summary>The folder that the node's <see cref="NodeSite"/> names, as this machine sees it.</summary>
    string FolderOf(int node);

    /// <summary>Where a client finds a node's port: host:port, on a way that link faults from <see cref="Link.Clients"/> cut.</summary>
    string ClientAddress(int node, string port);

    /// <summary>Where the lab itself finds a node's port: host:port, on a way that nothing cuts.</summary>
    string LabAddress(int node, string port);

    /// <summary>Where every other node finds a node's port: host:port, the same for all; what a node advertises, and a cluster that runs is told of a newcomer.</summary>
    string SharedAddress(int node, string port);

    /// <summary>Puts a way between two in a state; <see cref="LinkFault.None"/> mends it. Both directions are ways of their own.</summary>
    Task SetLinkAsync(Link link, LinkFault fault);

    /// <summary>How many bytes or packets link faults have held up, dropped or spoilt so far: a fault that touched nothing proves nothing.</summary>
    Task<long> TouchedAsync();
}

/// <summary>A way, from one to another; <see cref="Clients"/> stands for all clients.</summary>
/// <param name="From">Who sends.</param>
/// <param name="To">Who receives.</param>
internal readonly record struct Link(int From, int To)
{
    /// <summary>The clients, as an end of a way.</summary>
    public const int Clients = 0;
}

/// <summary>Kinds of trouble on a way.</summary>
[Flags]
internal enum LinkFaults
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Nothing arrives, and nobody is told.</summary>
    Drop = 1,

    /// <summary>Everything is late.</summary>
    Delay = 2,

    /// <summary>A part of the packets, or whole connections, are lost.</summary>
    Loss = 4,

    /// <summary>No more than so many bytes a second.</summary>
    Rate = 8,

    /// <summary>Bits turn over.</summary>
    Corruption = 16,

    /// <summary>Connections are reset in the middle of what they carry.</summary>
    Reset = 32,
}

/// <summary>The state of a way.</summary>
internal sealed record LinkFault
{
    /// <summary>Nothing is wrong.</summary>
    public static LinkFault None { get; } = new();

    /// <summary>Whether nothing arrives, and nobody is told.</summary>
    public bool Drops { get; init; }

    /// <summary>How late everything is.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>How much later it may be, evenly drawn.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>The share of packets that are lost; where there are only connections, of pieces with which their connection is lost.</summary>
    public double Loss { get; init; }

    /// <summary>Bytes a second at the most; 0 for no limit.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>The share of pieces in which a bit turns over.</summary>
    public double Corruption { get; init; }

    /// <summary>The share of pieces in the middle of which their connection is reset.</summary>
    public double Reset { get; init; }
}
