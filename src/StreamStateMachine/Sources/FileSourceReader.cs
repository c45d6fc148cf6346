using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Reads the records of one log: a file, and after its end the ones that follow it where it was rotated. Owned by one caller, who makes one
/// call at a time.
/// </summary>
/// <remarks>
/// A position is always behind a record, never at the start of a file that follows: so it holds bytes by which its file is found again. Until
/// the first record of a file, the position is the one behind the last record of the file before.
/// </remarks>
internal sealed class FileSourceReader<T> : ISourceReader<T>
{
    private readonly FileGenerations _generations;
    private readonly FileSourceOptions _options;
    private readonly RecordParser<T> _parser;
    private SourceFile _file;
    private IncrementalHash _prefix;
    private RecordCutter _cutter;
    private SourceFile? _next;
    private SourcePosition? _carried;
    private bool _needsHeader;
    private bool _isFileComplete;
    private bool _isEnded;

    private FileSourceReader(FileGenerations generations, FileSourceOptions options, RecordParser<T> parser, SourceFile file, IncrementalHash prefix, FilePosition? from)
    {
        (_generations, _options, _parser, _file, _prefix) = (generations, options, parser, file, prefix);
        _cutter = new(options.MaxRecordBytes, parser.Quoting, prefix, from?.Offset ?? 0, from?.Line ?? 0);
        _needsHeader = parser.HasHeader && from is null;
        _carried = from?.Write() ?? default;
    }

    /// <inheritdoc/>
    public SourceRecord<T> Current { get; private set; }

    /// <inheritdoc/>
    public SourcePosition Position => _carried ?? PositionHere();

    /// <summary>Opens the file that a position is in and goes to it, or the oldest file for the start.</summary>
    public static ISourceReader<T> Open(string path, SourcePosition from, FileSourceOptions options, RecordParser<T> parser, CancellationToken cancellationToken)
    {
        var generations = new FileGenerations(path);
        if (from.IsStart)
        {
            var oldest = generations.OpenOldest() ?? throw new FileNotFoundException($"'{path}' is not there: give the path of a file, or wait until it is written.", path);
            return new FileSourceReader<T>(generations, options, parser, oldest, IncrementalHash.CreateHash(HashAlgorithmName.SHA256), from: null);
        }

        var position = FilePosition.Read(from);
        if (!parser.TryRestore(position.State))
            throw new ArgumentException($"The position {from} was given out by a source of another kind or schema: give this one's, or the start.", nameof(from));
        var (file, prefix) = generations.OpenAt(position, cancellationToken);
        var reader = new FileSourceReader<T>(generations, options, parser, file, prefix, position);
        try
        {
            reader.ReadHeaderAgain(cancellationToken);
            return reader;
        }
        catch (Exception)
        {
            reader.Close();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> ReadAsync(CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested && TryTake() ? new(true) : ReadOnAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }

    private async ValueTask<bool> ReadOnAsync(CancellationToken cancellationToken)
    {
        while (!_isEnded)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryTake())
                return true;
            if (_isFileComplete)
                BeginNext();
            else if (!TryFill() && !TryComplete())
                await Task.Delay(_options.PollInterval, _options.TimeProvider, cancellationToken).ConfigureAwait(false);
        }

        return false;
    }

    /// <summary>Takes the next record out of the bytes that are there.</summary>
    private bool TryTake()
    {
        while (_cutter.TryCut(_isFileComplete, out var cut))
        {
            if (_needsHeader)
            {
                _needsHeader = !TryReadHeader(cut);
                continue;
            }

            if (!TryParse(cut, out var record))
                continue;
            (Current, _carried) = (record, null);
            return true;
        }

        return false;
    }

    private bool TryParse(RecordCut cut, out SourceRecord<T> record)
    {
        record = default;
        if (cut.IsTooLong)
            record = SourceRecord<T>.Malformed($"Line {cut.Line} is longer than {_options.MaxRecordBytes} bytes.", cut.Bytes);
        else if (!Utf8.IsValid(cut.Bytes))
            record = SourceRecord<T>.Malformed($"Line {cut.Line} is not UTF-8: byte {ValidBytes(cut.Bytes) + 1} begins no character.", cut.Bytes);
        else
            return _parser.TryParse(cut.Bytes, cut.Line, out record);
        return true;
    }

    private bool TryFill()
    {
        if (_file.Length == _file.Offset)
            return false;
        _file.CheckKept();
        var read = _file.Read(_cutter.Room());
        _cutter.Add(read);
        return read > 0;
    }

    /// <summary>
    /// At the end that the file has now: whether no more will come. A followed file is at its end only when its successor holds bytes: until
    /// then who writes it may not have seen the rotation.
    /// </summary>
    private bool TryComplete()
    {
        _file.CheckKept();
        var next = _generations.OpenNextAfter(_file);
        var mayBeComplete = !_options.Follow || next?.Length > 0;

        // Asked after the successor was: what was written before that belongs to this file.
        if (mayBeComplete && _file.Length == _file.Offset)
        {
            (_next, _isFileComplete) = (next, true);
            return true;
        }

        next?.Dispose();
        return false;
    }

    private void BeginNext()
    {
        if (_next is not { } next)
        {
            _isEnded = true;
            return;
        }

        _carried = Position;
        _file.Dispose();
        _prefix.Dispose();
        (_file, _next, _isFileComplete, _needsHeader) = (next, null, false, _parser.HasHeader);
        _prefix = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        _cutter = new(_options.MaxRecordBytes, _parser.Quoting, _prefix, offset: 0, line: 0);
    }

    private SourcePosition PositionHere()
    {
        var here = _cutter.MarkHere();
        return new FilePosition(here.Offset, here.Line, _file.HeadSha256(here.Offset), here.PrefixSha256, _parser.State).Write();
    }

    private bool TryReadHeader(RecordCut cut)
    {
        if (cut.IsTooLong || !Utf8.IsValid(cut.Bytes))
            throw new InvalidDataException($"The header of '{_file.Path}' in line {cut.Line} is longer than {_options.MaxRecordBytes} bytes or not UTF-8: give a file that starts with the names of its columns.");
        return _parser.TryReadHeader(cut.Bytes, cut.Line, _file.Path);
    }

    /// <summary>A reader that starts behind the header reads it all the same, from the front.</summary>
    private void ReadHeaderAgain(CancellationToken cancellationToken)
    {
        if (!_parser.HasHeader)
            return;
        using var unused = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var cutter = new RecordCutter(_options.MaxRecordBytes, _parser.Quoting, unused, offset: 0, line: 0);
        for (var offset = 0L; ;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            while (cutter.TryCut(isLast: false, out var cut))
            {
                if (TryReadHeader(cut))
                    return;
            }

            var read = _file.ReadAt(cutter.Room(), offset);
            if (read == 0)
                throw new SourceChangedException($"'{_file.Path}' ends before its header does, although records behind it were read: put the file back as it was.");
            cutter.Add(read);
            offset += read;
        }
    }

    private static int ValidBytes(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (Rune.DecodeFromUtf8(bytes[at..], out _, out var size) == System.Buffers.OperationStatus.Done)
            at += size;
        return at;
    }

    private void Close()
    {
        _file.Dispose();
        _next?.Dispose();
        _prefix.Dispose();
    }
}
