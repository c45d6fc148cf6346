using System.Net;
using System.Text;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing.Drivers;

/// <summary>
/// A system whose nodes do nothing but dial: each takes orders from a pipe in its folder, and its own process sends the word to the address and keeps the
/// connection. Where nodes listen stands the test. Needs bash, which dials.
/// </summary>
internal sealed class DialSystem : ITestedSystem
{
    private const string Script = "mkfifo orders; while true; do while read -r word place; do exec {fd}<>\"$place\"; printf '%s' \"$word\" >&\"$fd\"; done < orders; done";

    public string Name => "dial";

    public IReadOnlyList<string> PeerPorts => ["peer"];

    public IReadOnlyList<string> ClientPorts => ["client"];

    public IReadOnlySet<OperationFunction> Functions => new HashSet<OperationFunction>();

    /// <summary>What each node was told of its place.</summary>
    public Dictionary<int, NodeSite> Sites { get; } = [];

    public NodeProgram ProgramOf(NodeSite site)
    {
        Sites[site.Id] = site;
        return new NodeProgram("bash", ["-c", Script]);
    }

    public ISystemClient Connect(string address) => throw new InvalidOperationException("No test asks for it.");

    public Task<NodeView?> LookAsync(string address, CancellationToken cancellationToken) => Task.FromResult<NodeView?>(null);

    /// <summary>Makes a node dial an address and send it a word.</summary>
    public async Task OrderAsync(int node, string address, string word)
    {
        var orders = Path.Combine(Sites[node].Folder, "orders");
        await ProxyRig.UntilAsync(() => File.Exists(orders), "the node takes orders");
        var place = IPEndPoint.Parse(address);
        await using var pipe = new FileStream(orders, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        await pipe.WriteAsync(Encoding.UTF8.GetBytes($"{word} /dev/tcp/{place.Address}/{place.Port}\n"), ProxyRig.Patience);
    }
}
