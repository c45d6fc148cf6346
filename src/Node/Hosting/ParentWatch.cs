namespace RaftStream.Node.Hosting;

/// <summary>
/// Ends a node when the process that started it goes, however it goes. The parent holds the other end of our standard input and never
/// writes to it: the kernel closes that end even when the parent is killed with SIGKILL, and we read the end of the stream.
/// A parent that wants a clean stop just closes it.
/// </summary>
internal sealed class ParentWatch : IDisposable
{
    /// <summary>The hidden flag that asks for this.</summary>
    public const string ExitOption = "--exit-with-parent";

    /// <summary>The hidden flag that names a folder to delete when the parent has gone.</summary>
    public const string DeleteOption = "--delete-when-orphaned";

    private readonly CancellationTokenSource _gone = new();
    private readonly string? _folder;

    private ParentWatch(string? folder)
    {
        _folder = folder;
    }

    /// <summary>Cancelled once the parent is gone.</summary>
    public CancellationToken Gone => _gone.Token;

    /// <summary>Starts to watch; <paramref name="folder"/> is deleted by <see cref="Dispose"/> if the parent went first.</summary>
    public static ParentWatch Start(string? folder)
    {
        var watch = new ParentWatch(folder);
        var thread = new Thread(watch.ReadToEnd) { IsBackground = true, Name = "parent-watch" };
        thread.Start();
        return watch;
    }

    /// <summary>
    /// The node has closed its files by now. Each sibling tries as well; the last one to end finds nothing in its way.
    /// </summary>
    public void Dispose()
    {
        if (_folder is null || !_gone.IsCancellationRequested)
            return;
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // A sibling was faster.
        }
        catch (IOException exception)
        {
            Console.Error.WriteLine($"raftstream: the temporary folder {_folder} could not be deleted: {exception.Message}");
        }
    }

    private void ReadToEnd()
    {
        var buffer = new byte[256];
        try
        {
            using var input = Console.OpenStandardInput();
            while (input.Read(buffer) > 0)
            {
                // Whatever a parent may write means only that it is alive.
            }
        }
        catch (IOException exception)
        {
            Console.Error.WriteLine($"raftstream: standard input failed, taken as the end of the parent: {exception.Message}");
        }
        _gone.Cancel();
    }
}
