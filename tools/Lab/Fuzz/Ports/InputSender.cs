using System.Net;
using System.Net.Sockets;

namespace RaftStream.Lab.Fuzz;

/// <summary>What the inputs of a port came to; added up over its senders.</summary>
/// <param name="Inputs">Inputs handed to the network.</param>
/// <param name="Proven">Of those, the ones in pieces whose last question was answered, so that the node has certainly read them.</param>
/// <param name="Broken">Pieces that ended with an input that breaks the bounds between messages.</param>
/// <param name="Closed">Pieces that the node closed the connection within, though they kept the bounds.</param>
/// <param name="GivenUp">Pieces that kept the bounds and whose question was not answered within ten seconds.</param>
/// <param name="Connections">Connections made.</param>
/// <param name="Refused">Connections that could not be made.</param>
/// <param name="AnswerBytes">Bytes of answers read.</param>
internal sealed record InputFigures(long Inputs, long Proven, long Broken, long Closed, long GivenUp, long Connections, long Refused, long AnswerBytes)
{
    /// <summary>Nothing.</summary>
    public static InputFigures None { get; } = new(0, 0, 0, 0, 0, 0, 0, 0);

    /// <summary>Both together.</summary>
    public static InputFigures operator +(InputFigures one, InputFigures other) => new(
        one.Inputs + other.Inputs, one.Proven + other.Proven, one.Broken + other.Broken, one.Closed + other.Closed, one.GivenUp + other.GivenUp, one.Connections + other.Connections,
        one.Refused + other.Refused, one.AnswerBytes + other.AnswerBytes);
}

/// <summary>How many inputs are still to be sent, over all ports: each gets as many as it takes meanwhile. Any thread.</summary>
internal sealed class InputQuota(long inputs)
{
    private long _left = inputs;

    /// <summary>Whether any are left.</summary>
    public bool IsOpen => Interlocked.Read(ref _left) > 0;

    /// <summary>So many were sent.</summary>
    public void Take(int sent) => Interlocked.Add(ref _left, -sent);
}

/// <summary>One connection after the other to one port, each with pieces of many inputs. Used by one task.</summary>
internal sealed class InputSender(EndPoint target, IInputForge forge, InputQuota quota, Random random)
{
    private const int MostPieces = 32;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PatienceWhenBroken = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan PauseWhenRefused = TimeSpan.FromMilliseconds(20);

    private readonly InputBatch _batch = new();
    private readonly byte[] _answers = new byte[64 * 1024];

    /// <summary>How a piece ended.</summary>
    private enum PieceEnd
    {
        Answered,
        Closed,
        GivenUp,
    }

    /// <summary>What it came to so far.</summary>
    public InputFigures Figures { get; private set; } = InputFigures.None;

    /// <summary>Sends until all inputs are sent, or it is told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (quota.IsOpen && !stop.IsCancellationRequested)
        {
            // A reset at the end, whatever is unread: tens of thousands of connections in an orderly end would use up the ports of the machine.
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, LingerState = new(true, 0) };
            try
            {
                await socket.ConnectAsync(target, stop);
            }
            catch (SocketException)
            {
                // The node is gone, which its watcher sees, or has as many connections as it may.
                Figures += InputFigures.None with { Refused = 1 };
                await Task.Delay(PauseWhenRefused, CancellationToken.None);
                continue;
            }
            catch (OperationCanceledException)
            {
                return;
            }

            Figures += InputFigures.None with { Connections = 1 };
            await TalkAsync(socket, stop);
        }
    }

    private async Task TalkAsync(Socket socket, CancellationToken stop)
    {
        for (var piece = 0; piece < MostPieces && quota.IsOpen && !stop.IsCancellationRequested; piece++)
        {
            _batch.Clear();
            if (piece == 0)
                forge.Open(_batch);
            if (!_batch.IsBroken)
                forge.Fill(_batch);
            quota.Take(_batch.Inputs);
            var end = await ExchangeAsync(socket, stop);
            Figures += InputFigures.None with
            {
                Inputs = _batch.Inputs,
                Proven = end == PieceEnd.Answered ? _batch.Inputs : 0,
                Broken = _batch.IsBroken ? 1 : 0,
                Closed = !_batch.IsBroken && end == PieceEnd.Closed ? 1 : 0,
                GivenUp = !_batch.IsBroken && end == PieceEnd.GivenUp && !stop.IsCancellationRequested ? 1 : 0,
            };
            if (end != PieceEnd.Answered)
                return;
        }
    }

    /// <summary>Sends the piece and reads answers meanwhile: a node does not read on from whoever does not read its answers.</summary>
    private async Task<PieceEnd> ExchangeAsync(Socket socket, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(Patience);
        var sending = SendAsync(socket, patience);
        var end = await ReadAsync(socket, patience.Token);
        if (end != PieceEnd.Answered)
            await patience.CancelAsync();
        await sending;
        return end;
    }

    /// <summary>In one write, or in a few that are cut anywhere. Behind what breaks the bounds comes the end of the stream, and hardly any patience.</summary>
    private async Task SendAsync(Socket socket, CancellationTokenSource patience)
    {
        try
        {
            var left = _batch.Bytes.WrittenMemory;
            for (var cuts = random.Next(8) == 0 ? random.Next(1, 4) : 0; cuts > 0 && left.Length > 1; cuts--)
            {
                var piece = random.Next(1, left.Length);
                await WriteAsync(socket, left[..piece], patience.Token);
                left = left[piece..];
            }

            await WriteAsync(socket, left, patience.Token);
            if (!_batch.IsBroken)
                return;
            if (random.Next(4) != 0)
                socket.Shutdown(SocketShutdown.Send);
            patience.CancelAfter(PatienceWhenBroken);
        }
        catch (Exception lost) when (lost is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The node closed the connection in the middle: whoever reads notices it, too.
            return;
        }
    }

    private static async ValueTask WriteAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken patience)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, patience)..];
    }

    /// <summary>Until the last question is answered, the connection ends or the time is over.</summary>
    private async Task<PieceEnd> ReadAsync(Socket socket, CancellationToken patience)
    {
        var kept = 0;
        try
        {
            while (true)
            {
                var read = await socket.ReceiveAsync(_answers.AsMemory(kept), patience);
                if (read == 0)
                    return PieceEnd.Closed;
                Figures += InputFigures.None with { AnswerBytes = read };
                var seen = _answers.AsMemory(0, kept + read);
                if (_batch.End is not { } end)
                {
                    kept = 0;
                    continue;
                }

                if (seen.Span.IndexOf(end) >= 0)
                    return PieceEnd.Answered;

                // What is looked for may have come in half.
                kept = Math.Min(seen.Length, end.Length - 1);
                seen[^kept..].CopyTo(_answers);
            }
        }
        catch (SocketException)
        {
            return PieceEnd.Closed;
        }
        catch (OperationCanceledException)
        {
            return PieceEnd.GivenUp;
        }
    }
}
