using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RaftStream.Lab.Torture.Systems;

/// <summary>What a Redis server replies: a text, a number, an error, a list of replies, or nothing.</summary>
/// <param name="Text">A text; of an error its sentence.</param>
/// <param name="Number">A number.</param>
/// <param name="Items">The replies of a list.</param>
/// <param name="IsError">Whether the command was refused: it was not done.</param>
internal sealed record RespReply(string? Text, long? Number, IReadOnlyList<RespReply>? Items, bool IsError)
{
    /// <summary>Nothing: a key that is not there.</summary>
    public static RespReply Nil { get; } = new(null, null, null, false);
}

/// <summary>A server's bytes are no reply.</summary>
internal sealed class RespException(string message) : IOException(message);

/// <summary>
/// A connection to a Redis server that speaks RESP 2. Commands go out in one piece, and their replies come in their order. After an exception the two are
/// out of step: it is to be disposed of. Used by one caller at a time.
/// </summary>
internal sealed class RespConnection : IDisposable
{
    private const int MaxText = 1024 * 1024;
    private const int MaxItems = 4096;
    private const int MaxDepth = 8;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    private RespConnection()
    {
    }

    /// <summary>Connects to host:port.</summary>
    /// <exception cref="SocketException">Nobody answers there.</exception>
    public static async Task<RespConnection> ConnectAsync(string address, CancellationToken end)
    {
        var connection = new RespConnection();
        try
        {
            await connection._socket.ConnectAsync(IPEndPoint.Parse(address), end);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Sends commands, each a list of words, and returns the reply to each.</summary>
    /// <exception cref="IOException">The connection broke, or the bytes are no reply.</exception>
    /// <exception cref="SocketException">The connection broke.</exception>
    public async Task<IReadOnlyList<RespReply>> AskAsync(CancellationToken end, params string[][] commands)
    {
        var text = new StringBuilder();
        foreach (var command in commands)
        {
            text.Append(CultureInfo.InvariantCulture, $"*{command.Length}\r\n");
            foreach (var word in command)
                text.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n");
        }

        var bytes = Encoding.UTF8.GetBytes(text.ToString());
        for (var sent = 0; sent < bytes.Length;)
            sent += await _socket.SendAsync(bytes.AsMemory(sent), end);
        var replies = new RespReply[commands.Length];
        for (var place = 0; place < replies.Length; place++)
            replies[place] = await ReadAsync(0, end);
        return replies;
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private async Task<RespReply> ReadAsync(int depth, CancellationToken end)
    {
        var line = await LineAsync(end);
        var rest = line[1..];
        switch (line[0])
        {
            case '+':
                return new(rest, null, null, false);
            case '-':
                return new(rest, null, null, true);
            case ':':
                return new(null, Number(rest, long.MinValue, long.MaxValue), null, false);
            case '$':
                var length = (int)Number(rest, -1, MaxText);
                return length < 0 ? RespReply.Nil : new(await TextAsync(length, end), null, null, false);
            case '*' when depth < MaxDepth:
                var items = new List<RespReply>();
                for (var left = Number(rest, -1, MaxItems); left > 0; left--)
                    items.Add(await ReadAsync(depth + 1, end));
                return new(null, null, items, false);
            default:
                throw new RespException($"A Redis server replied '{line}', which is no reply.");
        }
    }

    private async Task<string> LineAsync(CancellationToken end)
    {
        var line = new List<byte>();
        while (line.Count < 2 || line[^1] != '\n')
        {
            if (line.Count > MaxText)
                throw new RespException("A Redis server replied with a line that does not end.");
            line.Add(await ByteAsync(end));
        }

        if (line.Count < 3)
            throw new RespException("A Redis server replied with an empty line.");
        return Encoding.UTF8.GetString([.. line[..^2]]);
    }

    private async Task<string> TextAsync(int length, CancellationToken end)
    {
        var bytes = new byte[length + 2];
        for (var place = 0; place < bytes.Length; place++)
            bytes[place] = await ByteAsync(end);
        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    private async ValueTask<byte> ByteAsync(CancellationToken end)
    {
        if (_start == _end)
        {
            (_start, _end) = (0, await _socket.ReceiveAsync(_buffer, end));
            if (_end == 0)
                throw new RespException("A Redis server closed the connection.");
        }

        return _buffer[_start++];
    }

    private static long Number(string text, long least, long most) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new RespException($"A Redis server replied '{text}' where a number from {least} to {most} belongs.");
}
