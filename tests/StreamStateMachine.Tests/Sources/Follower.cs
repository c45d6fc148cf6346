namespace RaftStream.StreamStateMachine.Tests;

/// <summary>
/// Follows the lines of one log by a clock that is moved by hand: each look at the file is a step of the test. A read that found nothing
/// stays open, as a job's would.
/// </summary>
internal sealed class Follower(string path, int maxRecordBytes = 64 * 1024) : IAsyncDisposable
{
    private readonly HandClock _time = new();
    private CancellationTokenSource _cancel = new();
    private ISourceReader<string>? _reader;
    private Task<bool>? _read;

    public List<string> Lines { get; } = [];

    /// <summary>Reads all that is there now, after one more look.</summary>
    public async Task LookAsync()
    {
        _reader ??= await OpenAsync(default);
        _time.Move(TimeSpan.FromMilliseconds(250));
        while (true)
        {
            _read ??= _reader.ReadAsync(_cancel.Token).AsTask();
            await Task.WhenAny(_read, _time.Waiting);
            if (!_read.IsCompleted)
                return;
            Assert.That(await _read, Is.True, "a followed file has no end");
            _read = null;
            Lines.AddRange(new[] { _reader.Current }.Show());
        }
    }

    /// <summary>Cancels the open read, as a job does that ends a batch; what it would have found comes with the next one.</summary>
    public async Task CancelAsync()
    {
        await _cancel.CancelAsync();
        if (_read is not null)
            Assert.That(async () => await _read, Throws.InstanceOf<OperationCanceledException>());
        _read = null;
        _cancel.Dispose();
        _cancel = new();
        _time.Move(TimeSpan.Zero);
    }

    /// <summary>Ends the reader and opens another one behind the last line.</summary>
    public async Task RestartAsync()
    {
        var position = _reader?.Position ?? default;
        await CloseAsync();
        _reader = await OpenAsync(position);
        Assert.That(_reader.Position, Is.EqualTo(position));
    }

    /// <summary>Ends the reader.</summary>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _cancel.Dispose();
    }

    private async Task CloseAsync()
    {
        if (_read is { IsFaulted: false })
            await CancelAsync();
        if (_reader is not null)
            await _reader.DisposeAsync();
        _reader = null;
    }

    private ValueTask<ISourceReader<string>> OpenAsync(SourcePosition from) => Sources
        .Lines(path, new() { Follow = true, TimeProvider = _time, MaxRecordBytes = maxRecordBytes })
        .OpenAsync(Path.GetFileName(path), from, CancellationToken.None);
}
