using System.Globalization;
using System.Text;

namespace RaftStream.Testing;

/// <summary>A system that counts the words of a source exactly once.</summary>
internal interface IStreamSystem
{
    /// <summary>Posts a source from its first byte to a node; what is counted of it already is passed over. Never throws for a node that is down.</summary>
    Task<StreamAnswer> IngestAsync(string address, string job, Stream source, CancellationToken deadline);

    /// <summary>Asks a node how far a job has come.</summary>
    Task<StreamAnswer> PositionAsync(string address, string job, CancellationToken deadline);
}

/// <summary>How far a job has come, by an answer.</summary>
/// <param name="Kind">Whether there was one: a source that was not counted to its end is <see cref="AnswerKind.Unknown"/>.</param>
/// <param name="Offset">Bytes of the source that are counted.</param>
/// <param name="Words">Words in them.</param>
/// <param name="Index">The place of the answer in the log; 0 where it tells none.</param>
internal readonly record struct StreamAnswer(AnswerKind Kind, long Offset = 0, long Words = 0, long Index = 0);

/// <summary>What became of a stream.</summary>
internal sealed record StreamAccount
{
    /// <summary>The job.</summary>
    public required string Job { get; init; }

    /// <summary>The length of the source in bytes.</summary>
    public required long Length { get; init; }

    /// <summary>The words in it.</summary>
    public required long Words { get; init; }

    /// <summary>How often each word is in it.</summary>
    public required IReadOnlyDictionary<string, long> Counts { get; init; }

    /// <summary>Where the job stood at last; not Ok if nobody said.</summary>
    public required StreamAnswer Final { get; init; }

    /// <summary>What the counter of each word was at last; words whose counter was not read are not here.</summary>
    public required IReadOnlyDictionary<string, long> Counted { get; init; }

    /// <summary>How often the source was posted and counted to its end, and how often not.</summary>
    public required (long Complete, long BrokenOff) Posts { get; init; }
}

/// <summary>
/// A source that grows by lines of known words and is posted again and again, sometimes by two clients at once, while leaders and readers move. Each
/// word must count exactly once, and the offset never go back. In the history a post is an append of the length posted, a read tells the offset.
/// </summary>
internal sealed class StreamLoad : ILoad
{
    /// <summary>The workload's name.</summary>
    public const string LoadName = "stream";

    /// <summary>The source's name in the folder of the run.</summary>
    public const string SourceName = "stream-source.txt";

    /// <summary>The name of the job, and its key in the history.</summary>
    public const string Job = "stream/1";

    private const int DifferentWords = 40;
    private const int MostBytes = 4 << 20;
    private const int MostReaders = 2;

    private static readonly TimeSpan PostTime = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly IStreamSystem _system;
    private readonly TimeSpan _timeout;
    private readonly string _path;
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);
    private long _length;
    private int _readers;
    private (long Complete, long BrokenOff) _posts;

    /// <summary>A stream over that system; the source file is begun anew.</summary>
    public StreamLoad(IStreamSystem system, LoadOptions options)
    {
        _system = system;
        _timeout = options.CallTimeout;
        _path = Path.Combine(options.Folder, SourceName);
        Directory.CreateDirectory(options.Folder);
        File.WriteAllBytes(_path, []);
    }

    /// <inheritdoc/>
    public string Name => LoadName;

    /// <inheritdoc/>
    public LoadObject Object => LoadObject.Counter;

    /// <summary>None: what is read at the end is in <see cref="Account"/>.</summary>
    public IReadOnlyList<string> Keys => [];

    /// <summary>What became of it; null before <see cref="SettleAsync"/>.</summary>
    public StreamAccount? Account { get; private set; }

    /// <inheritdoc/>
    public async Task StepAsync(LoadClient client)
    {
        if (client.Random.Chance(0.5) || !TryBegin())
        {
            await PositionAsync(client);
            return;
        }
        try
        {
            Grow(client.Random);
            await PostAsync(client);
        }
        finally
        {
            Interlocked.Decrement(ref _readers);
        }
    }

    /// <inheritdoc/>
    public async Task SettleAsync(LoadClient client, CancellationToken end)
    {
        while (!end.IsCancellationRequested && !await PostAsync(client))
        {
            await Task.Delay(Pause, CancellationToken.None);
            await client.MoveAsync(client.AnyNode());
        }
        var final = await RetryAsync(client, () => PositionAsync(client), static answer => answer.Kind, end);
        var counted = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var word in _counts.Keys)
        {
            var read = await RetryAsync(client, () => client.AttemptAsync(this, new(word, OperationFunction.Read)), static answer => answer.Kind, end);
            if (read.Kind == AnswerKind.Ok)
                counted[word] = read.Result!.Value.Number;
        }
        Account = new() { Job = Job, Length = _length, Words = _counts.Values.Sum(), Counts = _counts, Final = final, Counted = counted, Posts = _posts };
    }

    private bool TryBegin()
    {
        if (Interlocked.Increment(ref _readers) <= MostReaders)
            return true;
        Interlocked.Decrement(ref _readers);
        return false;
    }

    private static async Task<T> RetryAsync<T>(LoadClient client, Func<Task<T>> attempt, Func<T, AnswerKind> kindOf, CancellationToken end)
    {
        while (true)
        {
            var answer = await attempt();
            if (kindOf(answer) == AnswerKind.Ok || end.IsCancellationRequested)
                return answer;
            await Task.Delay(Pause, CancellationToken.None);
            await client.MoveAsync(client.AnyNode());
        }
    }

    private void Grow(SimRandom random)
    {
        lock (_lock)
        {
            if (_length >= MostBytes)
                return;
            var text = new StringBuilder();
            for (var line = random.Between(5, 60); line > 0; line--)
            {
                for (var place = random.Between(1, 8); place > 0; place--)
                {
                    var word = string.Create(CultureInfo.InvariantCulture, $"torture_word_{random.Below(DifferentWords)}");
                    _counts[word] = _counts.GetValueOrDefault(word) + 1;
                    text.Append(word).Append(place == 1 ? '\n' : ' ');
                }
            }
            var bytes = Encoding.UTF8.GetBytes(text.ToString());
            using var file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
            file.Write(bytes);
            _length += bytes.Length;
        }
    }

    private async Task<bool> PostAsync(LoadClient client)
    {
        // A copy: what another client adds meanwhile must not end in the middle of a word, which would count as one.
        byte[] source;
        lock (_lock)
            source = File.ReadAllBytes(_path);
        var invoked = client.Begin();
        using var deadline = new CancellationTokenSource(PostTime);
        using var stream = new MemoryStream(source, writable: false);
        var answer = await _system.IngestAsync(client.Address, Job, stream, deadline.Token);
        var isComplete = answer.Kind == AnswerKind.Ok;
        lock (_lock)
            _posts = isComplete ? (_posts.Complete + 1, _posts.BrokenOff) : (_posts.Complete, _posts.BrokenOff + 1);
        client.Record(Name, new(Job, OperationFunction.Append, source.Length), invoked, client.Node, new(answer.Kind, isComplete ? answer.Offset : null) { Index = answer.Index });
        return isComplete;
    }

    private async Task<StreamAnswer> PositionAsync(LoadClient client)
    {
        var invoked = client.Begin();
        using var deadline = new CancellationTokenSource(_timeout);
        var answer = await _system.PositionAsync(client.Address, Job, deadline.Token);
        var kind = answer.Kind == AnswerKind.Ok ? AnswerKind.Ok : AnswerKind.Failed;
        client.Record(Name, new(Job, OperationFunction.Read), invoked, client.Node, new(kind, answer.Offset) { Index = answer.Index });
        return answer;
    }
}
