using System.Globalization;
using System.Net.Sockets;
using System.Text;
using RaftStream.Client.Connections;

namespace RaftStream.Node.Tests.Support;

/// <summary>
/// A client that shows every answer as a text: +word, -error, :number, "bytes", nil, [a, b], {k: v}, &gt;[push], =text. Bytes are shown as Latin-1.
/// </summary>
internal sealed class RespClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TcpClient _client;
    private readonly Stream _stream;
    private readonly byte[] _one = new byte[1];

    private RespClient(TcpClient client, Stream stream) => (_client, _stream) = (client, stream);

    /// <summary>Connects to <c>host:port</c>, with TLS where it is told how.</summary>
    public static async Task<RespClient> ConnectAsync(string address, TlsDialler? tls = null)
    {
        var colon = address.LastIndexOf(':');
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(address[..colon], int.Parse(address.AsSpan(colon + 1), CultureInfo.InvariantCulture));
        try
        {
            return new(client, tls is null ? client.GetStream() : await tls.SecureAsync(client.GetStream(), address[..colon], CancellationToken.None));
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Sends a command, its words between blanks, and shows its answer.</summary>
    public Task<string> AskAsync(string command) => AskAsync(command.Split(' '));

    /// <summary>The same for words with blanks in them.</summary>
    public async Task<string> AskAsync(params string[] command)
    {
        await SendAsync(Command(command));
        return await ReadAsync();
    }

    /// <summary>Sends several commands at once and shows their answers.</summary>
    public async Task<IReadOnlyList<string>> AskAllAsync(params string[] commands)
    {
        await SendAsync([.. commands.SelectMany(static command => Command(command.Split(' ')))]);
        List<string> answers = [];
        foreach (var _ in commands)
            answers.Add(await ReadAsync());
        return answers;
    }

    /// <summary>A command as it is sent.</summary>
    public static byte[] Command(params string[] arguments) =>
        Encoding.UTF8.GetBytes($"*{arguments.Length}\r\n" + string.Concat(arguments.Select(static one => $"${Encoding.UTF8.GetByteCount(one)}\r\n{one}\r\n")));

    /// <summary>Sends bytes as they are.</summary>
    public async Task SendAsync(byte[] bytes)
    {
        using var limit = new CancellationTokenSource(Patience);
        await _stream.WriteAsync(bytes, limit.Token);
    }

    /// <summary>Says that nothing more will come.</summary>
    public void EndSending() => _client.Client.Shutdown(SocketShutdown.Send);

    /// <summary>The next answer; "end" where the node has closed the connection.</summary>
    public async Task<string> ReadAsync()
    {
        using var limit = new CancellationTokenSource(Patience);
        return await ReadAsync(limit.Token);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream.Dispose();
        _client.Dispose();
    }

    private async Task<string> ReadAsync(CancellationToken limit)
    {
        if (await LineAsync(limit) is not { } line)
            return "end";
        var rest = line[1..];
        switch (line[0])
        {
            case '$' or '=':
                if (rest == "-1")
                    return "nil";
                var bytes = new byte[int.Parse(rest, CultureInfo.InvariantCulture) + 2];
                await _stream.ReadExactlyAsync(bytes, limit);
                Assert.That(bytes.AsSpan(bytes.Length - 2).SequenceEqual("\r\n"u8));
                var text = Encoding.Latin1.GetString(bytes.AsSpan(0, bytes.Length - 2));
                return line[0] == '$' ? $"\"{text}\"" : $"={text[4..]}";
            case '_':
                return "nil";
            case '*' or '>':
                return (line[0] == '>' ? ">" : "") + "[" + string.Join(", ", await ManyAsync(int.Parse(rest, CultureInfo.InvariantCulture), limit)) + "]";
            case '%':
                var parts = await ManyAsync(2 * int.Parse(rest, CultureInfo.InvariantCulture), limit);
                return "{" + string.Join(", ", parts.Chunk(2).Select(static pair => $"{pair[0]}: {pair[1]}")) + "}";
            default:
                return line;
        }
    }

    private async Task<List<string>> ManyAsync(int count, CancellationToken limit)
    {
        List<string> many = [];
        for (var i = 0; i < count; i++)
            many.Add(await ReadAsync(limit));
        return many;
    }

    private async Task<string?> LineAsync(CancellationToken limit)
    {
        var line = new StringBuilder();
        while (await _stream.ReadAsync(_one, limit) == 1)
        {
            line.Append((char)_one[0]);
            if (line.Length >= 2 && line[^1] == '\n' && line[^2] == '\r')
                return line.ToString(0, line.Length - 2);
        }

        return null;
    }
}
