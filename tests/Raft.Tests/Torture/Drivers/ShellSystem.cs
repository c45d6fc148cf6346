using System.Net;
using System.Net.Sockets;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing.Drivers;

/// <summary>
/// A system whose nodes are a few words of shell: they say hello, leave their process's number in their folder, and wait for the end of their input. What
/// listens at their addresses, if it matters, is the test itself.
/// </summary>
internal sealed class ShellSystem : ITestedSystem
{
    /// <summary>What a node runs.</summary>
    public string Script { get; init; } = "echo \"hello from $1 at $2\"; echo trouble >&2; echo $$ > pid; exec cat > /dev/null";

    public string File { get; init; } = "/bin/sh";

    public string Name => "shell";

    public IReadOnlyList<string> PeerPorts => ["peer"];

    public IReadOnlyList<string> ClientPorts => ["client"];

    public IReadOnlySet<OperationFunction> Functions => new HashSet<OperationFunction>();

    public NodeSite? LastSite { get; private set; }

    public NodeProgram ProgramOf(NodeSite site)
    {
        LastSite = site;
        return new NodeProgram(File, ["-c", Script, "sh", $"{site.Id}", site.Listen("peer")]);
    }

    public ISystemClient Connect(string address) => throw new InvalidOperationException("No test asks for it.");

    public Task<NodeView?> LookAsync(string address, CancellationToken cancellationToken) => Task.FromResult<NodeView?>(null);

    /// <summary>Listens where a node would.</summary>
    public static TcpListener ListenAt(string address)
    {
        var listener = new TcpListener(IPEndPoint.Parse(address));
        listener.Start();
        return listener;
    }

    /// <summary>Dials an address and sends it a word.</summary>
    public static async Task<TcpClient> DialAsync(string address, string word)
    {
        var client = new TcpClient { NoDelay = true };
        var place = IPEndPoint.Parse(address);
        await client.ConnectAsync(place.Address, place.Port, ProxyRig.Patience);
        await client.GetStream().WriteAsync(System.Text.Encoding.UTF8.GetBytes(word), ProxyRig.Patience);
        return client;
    }

    /// <summary>Takes a connection and reads a word of that length from it.</summary>
    public static async Task<string> TakeAsync(TcpListener listener, int length)
    {
        using var client = await listener.AcceptTcpClientAsync(ProxyRig.Patience);
        return await ReadAsync(client, length);
    }

    /// <summary>Reads a word of that length.</summary>
    public static async Task<string> ReadAsync(TcpClient client, int length) =>
        System.Text.Encoding.UTF8.GetString(await ProxyRig.ReceiveAsync(client.Client, length));
}
