using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;

namespace RaftStream.Testing;

/// <summary>
/// A network of this run's own: a bridge in a namespace of its own, one namespace for each node, and the lab's end of a wire to the bridge. Everything is named
/// <c>rslabX-...</c> where X is the number of the network 10.77.X.0/24. Owned by a <see cref="NamespaceDriver"/>.
/// </summary>
/// <remarks>
/// The bridge is not among the machine's own interfaces, since a firewall of the machine (Docker's, for one) may judge what is bridged there. Who has a number is
/// told by a file with the process and its mark, written before anything is made: so a number whose owner is gone can be cleaned up, and no other one is touched.
/// </remarks>
internal sealed class NamespaceNet : IDisposable
{
    private const string Records = "/run/raftstream-lab";
    private const string Namespaces = "/run/netns";
    private const int Numbers = 255;
    private const int LabHost = 254;
    private const int ClientsHost = 253;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly int _number;

    private NamespaceNet(int number)
    {
        _number = number;
    }

    /// <summary>The address from which clients come.</summary>
    public IPAddress Clients => Host(_number, ClientsHost);

    /// <summary>Cleans up after labs that were killed, takes a number and lays the bridge and the wires to it.</summary>
    /// <exception cref="InvalidOperationException">The network cannot be made.</exception>
    public static NamespaceNet Create(IEnumerable<int> nodes)
    {
        Directory.CreateDirectory(Records);
        NamespaceNet net;
        using (Lock())
        {
            CleanUp();
            net = new NamespaceNet(TakeNumber());
        }
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
    public string NamespaceOf(int node) => Name(_number, node.ToString(CultureInfo.InvariantCulture));

    /// <summary>The address of a node, or of the clients.</summary>
    public IPAddress AddressOf(int node) => node == Link.Clients ? Clients : Host(_number, node);

    /// <summary>Makes the namespace of a node and its wire to the bridge.</summary>
    public void Add(int node)
    {
        var (space, hub) = (NamespaceOf(node), Hub(_number));
        var wire = string.Create(CultureInfo.InvariantCulture, $"node{node}");
        SystemCommand.Do("ip", "netns", "add", space);
        SystemCommand.Do("ip", "-n", hub, "link", "add", wire, "type", "veth", "peer", "name", "eth0", "netns", space);
        SystemCommand.Do("ip", "-n", hub, "link", "set", wire, "master", "bridge", "up");
        SystemCommand.Do("ip", "-n", space, "addr", "add", $"{AddressOf(node)}/24", "dev", "eth0");
        SystemCommand.Do("ip", "-n", space, "link", "set", "lo", "up");
        SystemCommand.Do("ip", "-n", space, "link", "set", "eth0", "up");
    }

    /// <summary>Takes everything away again.</summary>
    public void Dispose()
    {
        using (Lock())
            Remove(_number);
    }

    private static string Name(int number, string what) => string.Create(CultureInfo.InvariantCulture, $"rslab{number}-{what}");

    private static string Hub(int number) => Name(number, "hub");

    /// <summary>The wire's end among the machine's interfaces.</summary>
    private static string LabWire(int number) => Name(number, "lab");

    private static string RecordOf(int number) => Path.Combine(Records, string.Create(CultureInfo.InvariantCulture, $"{number}.owner"));

    private static IPAddress Host(int number, int host) => new([10, 77, (byte)number, (byte)host]);

    /// <summary>One lab at a time counts numbers and removes what is left.</summary>
    private static FileStream Lock()
    {
        FileStream? claim = null;
        var isTaken = SpinWait.SpinUntil(
            () =>
            {
                try
                {
                    claim = new FileStream(Path.Combine(Records, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                    return true;
                }
                catch (IOException)
                {
                    return false;
                }
            },
            Patience);
        return isTaken ? claim! : throw new InvalidOperationException($"Another lab holds {Records}/lock for more than {Patience.TotalSeconds:0} s: end it.");
    }

    private static void CleanUp()
    {
        foreach (var record in Directory.EnumerateFiles(Records, "*.owner"))
        {
            var words = File.ReadAllText(record).Split(' ');
            var isKnown = int.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out var pid);
            if (isKnown && words.Length == 2 && ProcessSignals.IsAlive(pid, words[1]))
                continue;
            if (int.TryParse(Path.GetFileNameWithoutExtension(record), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                Remove(number);
        }
    }

    private static int TakeNumber()
    {
        var used = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(static face => face.GetIPProperties().UnicastAddresses)
            .Select(static address => address.Address.GetAddressBytes())
            .Where(static bytes => bytes is [10, 77, _, _])
            .Select(static bytes => (int)bytes[2])
            .ToHashSet();
        for (var number = 0; number < Numbers; number++)
        {
            if (used.Contains(number) || File.Exists(RecordOf(number)))
                continue;
            File.WriteAllText(RecordOf(number), string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} {ProcessSignals.MarkOf(Environment.ProcessId)}"));
            return number;
        }
        throw new InvalidOperationException($"All networks 10.77.0.0/24 to 10.77.{Numbers - 1}.0/24 are in use: end a lab.");
    }

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
        File.Delete(RecordOf(number));
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
        var (hub, wire) = (Hub(_number), LabWire(_number));
        SystemCommand.Do("ip", "netns", "add", hub);
        SystemCommand.Do("ip", "-n", hub, "link", "add", "bridge", "type", "bridge");
        SystemCommand.Do("ip", "-n", hub, "link", "set", "bridge", "up");
        SystemCommand.Do("ip", "link", "add", wire, "type", "veth", "peer", "name", "lab", "netns", hub);
        SystemCommand.Do("ip", "-n", hub, "link", "set", "lab", "master", "bridge", "up");
        // The first address is the one the kernel dials from if it is not told another.
        SystemCommand.Do("ip", "addr", "add", $"{Host(_number, LabHost)}/24", "dev", wire);
        SystemCommand.Do("ip", "addr", "add", $"{Clients}/24", "dev", wire);
        SystemCommand.Do("ip", "link", "set", wire, "up");
    }
}
