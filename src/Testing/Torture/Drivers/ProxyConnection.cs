using System.Net;
using System.Net.Sockets;

namespace RaftStream.Testing;

/// <summary>
/// One connection through a <see cref="LinkProxy"/>: the socket that was accepted, the one that is dialled for it, and a pump each way. It dials only while
/// neither way drops, since no TCP connection opens when one of its ways is dead. Lives until both directions have ended or one was reset.
/// </summary>
internal sealed class ProxyConnection : IDisposable
{
    /// <summary>How long one more waits for a connection to open after the dialling end has gone: nobody is left to use it.</summary>
    private static readonly TimeSpan Abandoned = TimeSpan.FromSeconds(1);

    private readonly Socket _dialler;
    private readonly LinkWay _forward;
    private readonly LinkWay _backward;
    private readonly ProxyPump _toTarget;
    private readonly ProxyPump _toDialler;
    private readonly CancellationTokenSource _end;

    /// <summary>Takes over an accepted socket.</summary>
    public ProxyConnection(Socket dialler, LinkWay forward, LinkWay backward, CancellationToken end)
    {
        _dialler = dialler;
        _dialler.NoDelay = true;
        _forward = forward;
        _backward = backward;
        _toTarget = new ProxyPump(forward);
        _toDialler = new ProxyPump(backward);
        _end = CancellationTokenSource.CreateLinkedTokenSource(end);
    }

    /// <summary>How many bytes are on their way in both directions.</summary>
    public int Held => _toTarget.Held + _toDialler.Held;

    /// <summary>Carries bytes until the connection is over; closes both sockets. Does not throw for what happens to connections.</summary>
    public async Task RunAsync(IPEndPoint target, IPAddress? dialFrom)
    {
        using var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var isClean = false;
        // The dialling end may write, and leave, before the other one is there.
        var reading = _toTarget.ReadAsync(_dialler, _end.Token);
        List<Task> loops = [reading];
        try
        {
            if (dialFrom is not null)
                far.Bind(new IPEndPoint(dialFrom, 0));
            await DialAsync(far, target, reading);
            var there = _toTarget.WriteAsync(far, _end.Token);
            var back = _toDialler.WriteAsync(_dialler, _end.Token);
            loops.AddRange([there, back, _toDialler.ReadAsync(far, _end.Token)]);
            isClean = await AreBothToldAsync(there, back);
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // Nobody listens at the target, or the driver ends: the dialling end is reset below.
        }
        finally
        {
            await _end.CancelAsync();
            await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Close(_dialler, isClean);
            Close(far, isClean);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Dispose();
        _toTarget.Dispose();
        _toDialler.Dispose();
        _dialler.Dispose();
    }

    private async Task DialAsync(Socket far, IPEndPoint target, Task reading)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        var opening = OpenAsync(far, target, patience.Token);
        if (await Task.WhenAny(opening, reading) == reading)
            patience.CancelAfter(Abandoned);
        await opening;
    }

    private async Task OpenAsync(Socket far, IPEndPoint target, CancellationToken cancellationToken)
    {
        await BothWaysAsync(cancellationToken);
        await far.ConnectAsync(target, cancellationToken);
    }

    private async Task BothWaysAsync(CancellationToken cancellationToken)
    {
        foreach (var way in (LinkWay[])[_forward, _backward])
        {
            if (way.Drops)
                way.Touch(1);
        }
        while (true)
        {
            var (there, thereChanged) = _forward.Read();
            var (back, backChanged) = _backward.Read();
            if (!there.Drops && !back.Drops)
                return;
            await Task.WhenAny(thereChanged, backChanged).WaitAsync(cancellationToken);
        }
    }

    /// <summary>Waits until a direction is reset or both are over; true if each was told that the other end has said all.</summary>
    private static async Task<bool> AreBothToldAsync(Task<PumpEnd> there, Task<PumpEnd> back)
    {
        var first = await Task.WhenAny(there, back);
        var end = await first;
        if (end == PumpEnd.Reset)
            return false;
        return await (first == there ? back : there) == PumpEnd.Told && end == PumpEnd.Told;
    }

    /// <summary>A socket that is not closed cleanly sends a reset, so that its end does not take silence for the end of the stream.</summary>
    private static void Close(Socket socket, bool isClean)
    {
        if (!isClean)
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Close();
    }
}
