package main

import (
	"os"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// family is a child with its descendants: a job object, whose processes the system
// ends when the last handle to it is closed, also because dcq was killed. Without
// one (old systems, nested jobs) it is the child alone.
type family struct {
	process *os.Process
	job     windows.Handle // 0 if there is none
}

// separate gives the child a group of its own, which a break event can be sent to.
func separate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// share leaves the child in dcq's group, so that it gets the console's interrupts.
func share(*exec.Cmd) {}

// newFamily returns the family of a command that has started.
func newFamily(cmd *exec.Cmd) *family {
	f := &family{process: cmd.Process}
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return f
	}
	if err := putIntoJob(job, cmd.Process.Pid); err != nil {
		_ = windows.CloseHandle(job)
		return f
	}
	f.job = job
	return f
}

// putIntoJob adds a process to a job that ends its processes when it is closed.
func putIntoJob(job windows.Handle, pid int) error {
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{
			LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
		},
	}
	_, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err != nil {
		return err
	}
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(pid))
	if err != nil {
		return err
	}
	defer windows.CloseHandle(process)
	return windows.AssignProcessToJobObject(job, process)
}

// terminate asks the child to end, in the way a console does.
func (f *family) terminate() {
	_ = windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(f.process.Pid))
}

// forward asks the child to end: there is one signal only.
func (f *family) forward(os.Signal) { f.terminate() }

func (f *family) kill() {
	if f.job != 0 {
		_ = windows.TerminateJobObject(f.job, 1)
		return
	}
	_ = f.process.Kill()
}

// alive reports whether descendants outlive the child; closing the job ends them.
func (f *family) alive() bool { return false }

func (f *family) close() {
	if f.job != 0 {
		_ = windows.CloseHandle(f.job)
	}
}
