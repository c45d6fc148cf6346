using System.Diagnostics.CodeAnalysis;

namespace RaftStream.Raft.Wire;

/// <summary>Reads files as a whole. False: they make nothing that could be used, and <paramref name="problem"/> says in one sentence which one is wrong and what to do.</summary>
internal delegate bool FileLoader<T>([NotNullWhen(true)] out T? value, [NotNullWhen(false)] out string? problem)
    where T : class;

/// <summary>
/// What some files hold, and the files, which it looks at when it is asked: at most every <see cref="CheckEvery"/>, and by time and length, since notices from the
/// file system get lost on the way through network drives and containers' mounts. Any thread.
/// </summary>
/// <remarks>
/// New files are taken as a whole or not at all: a half-written certificate, or a new one beside the old key, leaves in force what was, and costs one sentence; the next
/// look tries again.
/// </remarks>
internal sealed class ReloadedFiles<T>
    where T : class
{
    /// <summary>Between two looks at the files.</summary>
    public static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(2);

    private readonly string[] _files;
    private readonly FileLoader<T> _load;
    private readonly TimeProvider _time;
    private readonly Action<T> _replaced;
    private readonly Action<string> _kept;
    private readonly Lock _gate = new();
    private T _current;
    private FileStamp[] _stamps;
    private long _checkedAt;
    private string? _lastProblem;

    private ReloadedFiles(string[] files, FileLoader<T> load, T first, FileStamp[] stamps, TimeProvider time, Action<T> replaced, Action<string> kept)
    {
        (_files, _load, _current, _stamps, _time, _replaced, _kept) = (files, load, first, stamps, time, replaced, kept);
        _checkedAt = time.GetTimestamp();
    }

    /// <summary>What is in force now. Looks at the files if it is time to; everybody else meanwhile gets what was in force before.</summary>
    public T Current
    {
        get
        {
            if (_time.GetElapsedTime(Volatile.Read(ref _checkedAt)) >= CheckEvery)
                Look();
            return Volatile.Read(ref _current);
        }
    }

    /// <summary>Reads the files for the first time.</summary>
    /// <param name="files">Which.</param>
    /// <param name="load">Reads them.</param>
    /// <param name="time">The clock of the looks.</param>
    /// <param name="replaced">Is told what has come in force.</param>
    /// <param name="kept">Is told, once for each reason, why new files were not taken.</param>
    /// <exception cref="ReplicaException">They cannot be used: one sentence.</exception>
    public static ReloadedFiles<T> Open(string[] files, FileLoader<T> load, TimeProvider time, Action<T> replaced, Action<string> kept) =>
        TryOpen(files, load, time, replaced, kept, out var opened, out var problem) ? opened : throw new ReplicaException(problem);

    /// <summary>The same. False: they cannot be used, and <paramref name="problem"/> says why.</summary>
    public static bool TryOpen(
        string[] files, FileLoader<T> load, TimeProvider time, Action<T> replaced, Action<string> kept, [NotNullWhen(true)] out ReloadedFiles<T>? opened, [NotNullWhen(false)] out string? problem)
    {
        // Looked at before they are read: what changes meanwhile is seen at the next look.
        var stamps = Stamps(files);
        opened = load(out var first, out problem) ? new(files, load, first, stamps, time, replaced, kept) : null;
        return opened is not null;
    }

    private void Look()
    {
        lock (_gate)
        {
            if (_time.GetElapsedTime(_checkedAt) < CheckEvery)
                return;
            Volatile.Write(ref _checkedAt, _time.GetTimestamp());
            var stamps = Stamps(_files);
            if (stamps.AsSpan().SequenceEqual(_stamps) && _lastProblem is null)
                return;
            _stamps = stamps;
            if (_load(out var value, out var problem))
            {
                _lastProblem = null;
                Volatile.Write(ref _current, value);
                _replaced(value);
            }
            else
            {
                if (!string.Equals(problem, _lastProblem, StringComparison.Ordinal))
                    _kept(problem);
                _lastProblem = problem;
            }
        }
    }

    private static FileStamp[] Stamps(string[] files) => Array.ConvertAll(files, FileStamp.Of);

    /// <summary>What a file looked like: a missing one has the time of no file and no length.</summary>
    private readonly record struct FileStamp(DateTime Written, long Length)
    {
        public static FileStamp Of(string file)
        {
            var info = new FileInfo(file);
            return new(info.LastWriteTimeUtc, info.Exists ? info.Length : -1);
        }
    }
}
