using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace RaftStream.Testing;

/// <summary>
/// A Docker network of this run's own and, for each node, a container that does nothing but hold the node's address and process numbers: the node's programs come
/// and go in containers that share both. Owned by a <see cref="ContainerDriver"/>.
/// </summary>
/// <remarks>
/// A rule that drops packets lives in a network namespace: were it the node's own container's, a node that is started again in a partition would be out of it. The
/// holder waits for the end of its input, which is ours; when we are killed it ends, as the first of its processes, and the kernel ends all others with it.
/// </remarks>
internal sealed class ContainerNet : IDisposable
{
    private const string Label = "raftstream-lab";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly NetworkClaim _claim;
    private readonly Dictionary<int, Holder> _holders = [];

    private ContainerNet(NetworkClaim claim)
    {
        _claim = claim;
    }

    /// <summary>The address from which clients come.</summary>
    public IPAddress Clients => _claim.Clients;

    /// <summary>The image that nodes run in.</summary>
    public string Image => ImageOf(_claim.Number);

    /// <summary>Cleans up after labs that were killed, takes a number, and makes image, network and holders.</summary>
    /// <exception cref="InvalidOperationException">They cannot be made.</exception>
    public static ContainerNet Create(IEnumerable<int> nodes)
    {
        var net = new ContainerNet(NetworkClaim.Take("container", Remove));
        try
        {
            MachineImage.Import(net.Image);
            net.LayNetwork();
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

    /// <summary>The address of a node, or of the clients.</summary>
    public IPAddress AddressOf(int node) => _claim.AddressOf(node);

    /// <summary>Starts the holder of a node.</summary>
    /// <exception cref="InvalidOperationException">It cannot be started.</exception>
    public void Add(int node)
    {
        string[] words =
        [
            "run", "--rm", "-i", "--name", HolderOf(node), "--label", LabelOf(_claim.Number), "--network", NetworkOf(_claim.Number), "--ip", $"{AddressOf(node)}",
            .. MachineImage.Mounts([]), Image, "cat",
        ];
        var process = ChildStarter.Start(new NodeProgram("docker", words), Path.GetTempPath(), []);
        lock (_lock)
            _holders.Add(node, new Holder(process, WaitForPid(node, process)));
    }

    /// <summary>The words that run a command in the network namespace of a node.</summary>
    public IReadOnlyList<string> Inside(int node)
    {
        lock (_lock)
            return ["nsenter", "-t", _holders[node].Pid.ToString(CultureInfo.InvariantCulture), "-n", "--"];
    }

    /// <summary>What runs a node's program in a container of a name.</summary>
    public NodeProgram Contain(int node, string name, NodeProgram program, string folder)
    {
        var file = ChildStarter.Find(program.File) ?? throw new InvalidOperationException($"The program {program.File} is not there: install it, or give its full path.");
        var paths = program.Arguments.Where(static word => Path.IsPathRooted(word) && File.Exists(word)).Prepend(file);
        return new NodeProgram("docker",
        [
            "run", "--rm", "-i", "--name", name, "--label", LabelOf(_claim.Number), "--network", "container:" + HolderOf(node), "--pid", "container:" + HolderOf(node),
            .. MachineImage.Mounts(paths), "-v", $"{folder}:{folder}", "-w", folder,
            .. program.Environment.SelectMany(static pair => new[] { "-e", $"{pair.Key}={pair.Value}" }),
            Image, file, .. program.Arguments,
        ]);
    }

    /// <summary>A name for a container of a node's.</summary>
    public string NameOf(int node, int start) => string.Create(CultureInfo.InvariantCulture, $"{HolderOf(node)}-{start}");

    /// <summary>Takes everything away again.</summary>
    public void Dispose()
    {
        _claim.Dispose();
        lock (_lock)
        {
            foreach (var holder in _holders.Values)
                holder.Process.Dispose();
            _holders.Clear();
        }
    }

    private static string NetworkOf(int number) => string.Create(CultureInfo.InvariantCulture, $"rslab{number}");

    private static string ImageOf(int number) => string.Create(CultureInfo.InvariantCulture, $"{Label}:{number}");

    private static string LabelOf(int number) => string.Create(CultureInfo.InvariantCulture, $"{Label}={number}");

    private static void Remove(int number)
    {
        var isEmpty = SpinWait.SpinUntil(
            () =>
            {
                var containers = SystemCommand.Do("docker", "ps", "-aq", "--filter", "label=" + LabelOf(number)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
                if (containers.Length == 0)
                    return true;
                // Those that are on their way out already refuse it; they are looked at again.
                _ = Try(["docker", "rm", "-f", .. containers]);
                return false;
            },
            Patience);
        if (!isEmpty)
            throw new InvalidOperationException($"Containers of a lab cannot be removed: see 'docker ps -a --filter label={LabelOf(number)}'.");
        if (Try("docker", "network", "inspect", NetworkOf(number)).Code == 0)
            SystemCommand.Do("docker", "network", "rm", NetworkOf(number));
        if (Try("docker", "image", "inspect", ImageOf(number)).Code == 0)
            SystemCommand.Do("docker", "rmi", "-f", ImageOf(number));
    }

    private static (int Code, string Output, string Error) Try(params IReadOnlyList<string> words) => SystemCommand.TryAsync(words).GetAwaiter().GetResult();

    private string HolderOf(int node) => string.Create(CultureInfo.InvariantCulture, $"{NetworkOf(_claim.Number)}-{node}");

    private void LayNetwork()
    {
        var name = NetworkOf(_claim.Number);
        SystemCommand.Do(
            "docker", "network", "create", "--internal", "--label", LabelOf(_claim.Number), "--subnet", _claim.Network,
            "--gateway", $"{_claim.Lab}", "-o", "com.docker.network.bridge.name=" + name, name);
        // The gateway's address is the lab's; this is the second one of the same interface.
        SystemCommand.Do("ip", "addr", "add", $"{Clients}/24", "dev", name);
    }

    private int WaitForPid(int node, Process process)
    {
        var since = Stopwatch.GetTimestamp();
        while (!process.HasExited && Stopwatch.GetElapsedTime(since) < Patience)
        {
            var (code, output, _) = Try("docker", "inspect", "-f", "{{.State.Pid}}", HolderOf(node));
            if (code == 0 && int.TryParse(output, NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var pid) && pid > 0)
                return pid;
            process.WaitForExit(Interval);
        }
        var trouble = process.HasExited ? process.StandardError.ReadToEnd().Trim() : "it did not start in time";
        throw new InvalidOperationException($"The container {HolderOf(node)} could not be started: {trouble}");
    }

    /// <summary>The process that keeps a node's place: ours, which ends with us, and the number of the container's first.</summary>
    private sealed record Holder(Process Process, int Pid);
}
