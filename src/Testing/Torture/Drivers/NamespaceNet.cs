using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;

namespace RaftStream.Testing;

/// <summary>
/// A network of this run's own: a bridge in a namespace of its own, one namespace for each node, and the lab's end of a wire to the bridge. Everything is named
/// <c>rslabX-...</c> where X is the number of its <see cref="NetworkClaim"/>. Owned by a <see cref="NamespaceDriver"/>.
/// </summary>
/// <remarks>The bridge is not among the machine's own interfaces, since a firewall of the machine (Docker's, for one) may judge what is bridged there.</remarks>
internal sealed class NamespaceNet : IDisposable
{
    private const string Namespaces = "/run/netns";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly NetworkClaim _claim;

    private NamespaceNet(NetworkClaim claim)
    {
        _claim = claim;
    }

    /// <summary>The address from which clients come.</summary>
    public IPAddress Clients => _claim.Clients;

    /// <summary>Cleans up after labs that were killed, takes a number and lays the bridge and the wires to it.</summary>
    /// <exception cref="InvalidOperationException">The network cannot be made.</exception>
    public static NamespaceNet Create(IEnumerable<int> nodes)
    {
        var net = new NamespaceNet(NetworkClaim.Take("namespace", Remove));
        try
        {
            net.LayBridge();
            foreach (var node in nodes)
                net.Add(node);
            return net;
        }
        catch
        {
            net.Dispose();
            throw;
        }
    }

    /// <summary>The namespace of a node.</summary>
    public string NamespaceOf(int node) => Name(_claim.Number, node.ToString(CultureInfo.InvariantCulture));

    /// <summary>The address of a node, or of the clients.</summary>
    public IPAddress AddressOf(int node) => _claim.AddressOf(node);

    /// <summary>Makes the namespace of a node and its wire to the bridge.</summary>
    /// <exception cref="InvalidOperationException">They cannot be made.</exception>
    public void Add(int node)
    {
        var (space, hub) = (NamespaceOf(node), Hub(_claim.Number));
        var wire = string.Create(CultureInfo.InvariantCulture, $"node{node}");
        SystemCommand.Do("ip", "netns", "add", space);
        SystemCommand.Do("ip", "-n", hub, "link", "add", wire, "type", "veth", "peer", "name", "eth0", "netns", space);
        SystemCommand.Do("ip", "-n", hub, "link", "set", wire, "master", "bridge", "up");
        SystemCommand.Do("ip", "-n", space, "addr", "add", $"{AddressOf(node)}/24", "dev", "eth0");
        SystemCommand.Do("ip", "-n", space, "link", "set", "lo", "up");
        SystemCommand.Do("ip", "-n", space, "link", "set", "eth0", "up");
    }

    /// <summary>Takes everything away again.</summary>
    public void Dispose() => _claim.Dispose();

    private static string Name(int number, string what) => string.Create(CultureInfo.InvariantCulture, $"rslab{number}-{what}");

    private static string Hub(int number) => Name(number, "hub");

    /// <summary>The wire's end among the machine's interfaces.</summary>
    private static string LabWire(int number) => Name(number, "lab");

    /// <summary>With a namespace go the wires in it and their other ends.</summary>
    private static void Remove(int number)
    {
        if (NetworkInterface.GetAllNetworkInterfaces().Any(face => face.Name == LabWire(number)))
            SystemCommand.Do("ip", "link", "delete", LabWire(number));
        foreach (var space in SpacesOf(number))
        {
            KillAllIn(space);
            // Of one that was being made when its lab was killed there may be only the file.
            if (Try("ip", "netns", "delete", space).Code != 0)
                File.Delete(Path.Combine(Namespaces, space));
        }
    }

    private static IEnumerable<string> SpacesOf(int number) =>
        Directory.Exists(Namespaces) ? Directory.EnumerateFiles(Namespaces, Name(number, "*")).Select(static file => Path.GetFileName(file)!) : [];

    /// <summary>A namespace lives on, nameless, while a process is in it.</summary>
    private static void KillAllIn(string space)
    {
        var isEmpty = SpinWait.SpinUntil(
            () =>
            {
                var (code, list, _) = Try("ip", "netns", "pids", space);
                var pids = code == 0 ? list.Split('\n', StringSplitOptions.RemoveEmptyEntries) : [];
                foreach (var pid in pids)
                    ProcessSignals.Kill(int.Parse(pid, CultureInfo.InvariantCulture));
                return pids.Length == 0;
            },
            Patience);
        if (!isEmpty)
            throw new InvalidOperationException($"A process in the network namespace {space} cannot be killed: see 'ip netns pids {space}'.");
    }

    private static (int Code, string Output, string Error) Try(params IReadOnlyList<string> words) => SystemCommand.TryAsync(words).GetAwaiter().GetResult();

    private void LayBridge()
    {
        var (hub, wire) = (Hub(_claim.Number), LabWire(_claim.Number));
        SystemCommand.Do("ip", "netns", "add", hub);
        SystemCommand.Do("ip", "-n", hub, "link", "add", "bridge", "type", "bridge");
        SystemCommand.Do("ip", "-n", hub, "link", "set", "bridge", "up");
        SystemCommand.Do("ip", "link", "add", wire, "type", "veth", "peer", "name", "lab", "netns", hub);
        SystemCommand.Do("ip", "-n", hub, "link", "set", "lab", "master", "bridge", "up");
        // The first address is the one the kernel dials from if it is not told another.
        SystemCommand.Do("ip", "addr", "add", $"{_claim.Lab}/24", "dev", wire);
        SystemCommand.Do("ip", "addr", "add", $"{Clients}/24", "dev", wire);
        SystemCommand.Do("ip", "link", "set", wire, "up");
    }
}
