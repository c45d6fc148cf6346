using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using RaftStream.Hosting.Http;
using RaftStream.Testing;

namespace RaftStream.Lab.Torture.Systems;

/// <summary>
/// etcd from the machine's own packages: registers with reads, writes and compare-and-set, all linearizable. Owns its clients' connections and the ways
/// described below.
/// </summary>
/// <remarks>
/// The members of etcd must know each other by the very same addresses: their ids, and that of the cluster, are hashes of them. Where the driver runs all
/// nodes on one machine, each finds the others behind proxies of its own, so there is no such address. There the members have names of sockets in
/// the file system, <c>unix://n2:0</c>, which each looks for in its own folder; what it finds leads on to the address that the driver gave to this
/// node alone.
/// </remarks>
internal sealed class EtcdSystem : ITestedSystem, IAsyncDisposable
{
    private const string PeerPort = "peer";
    private const string ClientPort = "client";

    private readonly HttpClient _http = HttpClients.Create();
    private readonly ConcurrentDictionary<(int From, int To), SocketForwarder> _ways = new();

    /// <inheritdoc/>
    public string Name => "etcd";

    /// <inheritdoc/>
    public IReadOnlyList<string> PeerPorts { get; } = [PeerPort];

    /// <inheritdoc/>
    public IReadOnlyList<string> ClientPorts { get; } = [ClientPort];

    /// <inheritdoc/>
    public IReadOnlySet<OperationFunction> Functions { get; } =
        new HashSet<OperationFunction> { OperationFunction.Read, OperationFunction.Write, OperationFunction.CompareAndSet };

    /// <inheritdoc/>
    /// <exception cref="LabException">The node is none of those that form the cluster.</exception>
    public NodeProgram ProgramOf(NodeSite site)
    {
        if (site.Joins)
            throw new LabException("etcd is tested with the members that it begins with: leave the changes of members out.");
        var (listen, client) = ("http://" + site.Listen(PeerPort), "http://" + site.Listen(ClientPort));
        var isLocal = IPEndPoint.TryParse(site.Listen(PeerPort), out var place) && IPAddress.IsLoopback(place.Address);
        if (isLocal)
            OpenWays(site);

        // The folder first: there it looks for the sockets.
        return new("sh", [
            "-c", "cd \"$0\" && exec \"$@\"", site.Folder,
            "etcd", "--name", NameOf(site.Id), "--data-dir", "data", "--logger", "zap", "--log-outputs", "stderr",
            "--listen-peer-urls", listen, "--initial-advertise-peer-urls", UrlOf(site, site.Id, isLocal),
            "--listen-client-urls", client, "--advertise-client-urls", client,
            "--initial-cluster", string.Join(',', site.FirstMembers.Select(node => $"{NameOf(node)}={UrlOf(site, node, isLocal)}")),
            "--initial-cluster-token", "raftstream-torture", "--initial-cluster-state", "new", "--snapshot-count", "1000",
        ]);
    }

    /// <inheritdoc/>
    public ISystemClient Connect(string address) => new EtcdClient(_http, address);

    /// <inheritdoc/>
    public async Task<NodeView?> LookAsync(string address, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.PostAsync($"http://{address}/v3/maintenance/status", new StringContent("{}"), cancellationToken);
            if (!response.IsSuccessStatusCode)
                return null;
            using var status = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            var root = status.RootElement;
            var leader = EtcdClient.Number(root, "leader");
            return new(
                leader != 0 && leader == EtcdClient.Number(root.GetProperty("header"), "member_id"),
                (long)EtcdClient.Number(root, "raftTerm"), (long)EtcdClient.Number(root, "raftIndex"), (long)EtcdClient.Number(root, "raftAppliedIndex"), "");
        }
        catch (Exception silence) when (silence is HttpRequestException or OperationCanceledException or IOException or JsonException or KeyNotFoundException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var way in _ways.Values)
            await way.DisposeAsync();
        _http.Dispose();
    }

    private static string NameOf(int node) => string.Create(CultureInfo.InvariantCulture, $"n{node}");

    private static string SocketOf(int node) => NameOf(node) + ":0";

    private static string UrlOf(NodeSite site, int node, bool isLocal) =>
        isLocal ? "unix://" + SocketOf(node) : "http://" + (node == site.Id ? site.Listen(PeerPort) : site.Reach(node, PeerPort));

    private void OpenWays(NodeSite site)
    {
        foreach (var other in site.FirstMembers.Where(other => other != site.Id))
            _ways.GetOrAdd((site.Id, other), _ => Open(Path.Combine(site.Folder, SocketOf(other)), site.Reach(other, PeerPort)));
    }

    private static SocketForwarder Open(string path, string target)
    {
        try
        {
            // One that an earlier run left belongs to nobody any more.
            File.Delete(path);
            return new(new UnixDomainSocketEndPoint(path), IPEndPoint.Parse(target));
        }
        catch (ArgumentOutOfRangeException tooLong)
        {
            throw new LabException($"The name of the socket '{path}' is too long for this system: give a shorter folder with --out.", tooLong);
        }
    }
}
