using System.Globalization;
using System.Text;

namespace RaftStream.Testing;

/// <summary>
/// The file that takes what a node's processes say, one after the other, on both their streams, by whole lines. Bounded: a node in trouble may say the
/// same for hours. Owned by its <see cref="NodeSlot"/>; thread-safe.
/// </summary>
internal sealed class NodeLog : IDisposable
{
    /// <summary>How long a file may get, in bytes, if not told otherwise.</summary>
    public const long DefaultLimit = 64L << 20;

    private const int Buffer = 16 * 1024;

    private readonly Lock _lock = new();
    private readonly FileStream _file;
    private readonly long _limit;
    private bool _isFull;
    private bool _isClosed;

    /// <summary>Opens the file to go on with it.</summary>
    public NodeLog(string path, long limit = DefaultLimit)
    {
        _limit = limit;
        // Without a buffer of ours: what a node said last matters most when the lab is killed as well.
        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        _isFull = _file.Length >= limit;
    }

    /// <summary>Writes a line of the lab's own: when a process began and how it ended.</summary>
    public void Note(string line) =>
        Write(Encoding.UTF8.GetBytes($"--- {TimeProvider.System.GetUtcNow().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)} {line}\n"));

    /// <summary>Copies a stream to its end; reads on, so that the process is never held up, when the file is full.</summary>
    public async Task CopyAsync(Stream stream)
    {
        var bytes = new byte[Buffer];
        var length = 0;
        try
        {
            while (await stream.ReadAsync(bytes.AsMemory(length)) is > 0 and var got)
            {
                length += got;
                var whole = bytes.AsSpan(0, length).LastIndexOf((byte)'\n') + 1;
                // A line longer than the buffer is written in parts.
                var ready = whole == 0 && length == bytes.Length ? length : whole;
                Write(bytes.AsSpan(0, ready));
                bytes.AsSpan(ready, length - ready).CopyTo(bytes);
                length -= ready;
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or OperationCanceledException)
        {
            Note($"the stream broke: {exception.Message}");
        }
        if (length > 0)
            Write([.. bytes.AsSpan(0, length), (byte)'\n']);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isClosed = true;
            _file.Dispose();
        }
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (_isFull || _isClosed || bytes.IsEmpty)
                return;
            _file.Write(bytes);
            if (_file.Length < _limit)
                return;
            _file.Write(Encoding.UTF8.GetBytes($"--- the log is full with {_limit} bytes; what follows is not kept\n"));
            _isFull = true;
        }
    }
}
