using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace RaftStream.Samples;

/// <summary>Three nodes as processes of this program.</summary>
internal sealed class FleetNodes(string folder) : IAsyncDisposable
{
    /// <summary>How many nodes there are.</summary>
    public const int Count = 3;

    private readonly Process?[] _processes = new Process?[Count];
    private readonly int[] _ports = FreePorts(2 * Count);

    private string Members => string.Join(',', Enumerable.Range(0, Count).Select(place => string.Create(CultureInfo.InvariantCulture, $"{place + 1}=127.0.0.1:{_ports[place]}")));

    /// <summary>Where a node listens.</summary>
    public Uri Url(int place) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_ports[Count + place]}/"));

    /// <summary>Whether a node runs.</summary>
    public bool IsUp(int place) => _processes[place] is { HasExited: false };

    /// <summary>Starts a node, over what it has on disk.</summary>
    public void Start(int place)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, UseShellExecute = false };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(FleetNodes).Assembly.Location);
        foreach (var argument in new[] { "node", (place + 1).ToString(CultureInfo.InvariantCulture), Members, Path.Combine(folder, $"node-{place + 1}"), Url(place).AbsoluteUri })
            start.ArgumentList.Add(argument);
        _processes[place] = Process.Start(start);
    }

    /// <summary>Kills a node in the middle of whatever it does.</summary>
    public async Task KillAsync(int place)
    {
        if (_processes[place] is not { } process)
            return;
        process.Kill(); // SIGKILL: nothing is flushed, nobody is told.
        await process.WaitForExitAsync();
        process.Dispose();
        _processes[place] = null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        for (var place = 0; place < Count; place++)
            await KillAsync(place);
    }

    /// <summary>Ports that are free now, below those that the system gives to outgoing connections, which could take a dead node's.</summary>
    private static int[] FreePorts(int count)
    {
        var found = new List<int>();
        for (var port = 10_000 + (Environment.ProcessId % 20_000); found.Count < count; port++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, port));
                found.Add(port);
            }
            catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // The next one, then.
            }
        }

        return [.. found];
    }
}
