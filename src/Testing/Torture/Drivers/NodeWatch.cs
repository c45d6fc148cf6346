using System.Net;
using System.Net.Sockets;

namespace RaftStream.Testing;

/// <summary>
/// Tells a <see cref="ProxyNet"/> when nodes begin to listen and when their processes have ended. Owned by a driver; thread-safe.
/// </summary>
internal sealed class NodeWatch : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(25);

    private readonly Lock _lock = new();
    private readonly ProxyNet _net;
    private readonly CancellationTokenSource _end = new();
    private readonly Dictionary<int, Task> _watching = [];
    private readonly Dictionary<int, long> _turns = [];

    /// <summary>A watch that sees no node yet.</summary>
    public NodeWatch(ProxyNet net)
    {
        _net = net;
    }

    /// <summary>A node's process was started.</summary>
    /// <param name="slot">The node.</param>
    /// <param name="clientPorts">Where it will listen for clients.</param>
    public void Started(NodeSlot slot, IReadOnlyList<IPEndPoint> clientPorts)
    {
        lock (_lock)
        {
            var turn = NextTurn(slot.Id);
            _net.Set(slot.Id, NodeLife.Started);
            _watching[slot.Id] = WatchAsync(slot.Id, turn, slot.Ended, clientPorts, _watching.GetValueOrDefault(slot.Id, Task.CompletedTask));
        }
    }

    /// <summary>A node's process is about to be ended: nobody is to be connected to it any more.</summary>
    public void Ending(int node)
    {
        lock (_lock)
        {
            NextTurn(node);
            _net.Set(node, NodeLife.Down);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        Task[] watching;
        lock (_lock)
            watching = [.. _watching.Values];
        await Task.WhenAll(watching);
        _end.Dispose();
    }

    private static async Task<bool> ListensAsync(IPEndPoint port, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private long NextTurn(int node) => _turns[node] = _turns.GetValueOrDefault(node) + 1;

    private async Task WatchAsync(int node, long turn, Task ended, IReadOnlyList<IPEndPoint> clientPorts, Task before)
    {
        await before;
        try
        {
            foreach (var port in clientPorts)
            {
                while (!ended.IsCompleted && !await ListensAsync(port, _end.Token))
                    await Task.Delay(Interval, _end.Token);
            }
            Tell(node, turn, NodeLife.Ready);
            await ended.WaitAsync(_end.Token);
            Tell(node, turn, NodeLife.Down);
        }
        catch (OperationCanceledException)
        {
            // The driver ends.
        }
    }

    /// <summary>What is known of a process says nothing about the one after it.</summary>
    private void Tell(int node, long turn, NodeLife life)
    {
        lock (_lock)
        {
            if (_turns[node] == turn)
                _net.Set(node, life);
        }
    }
}
