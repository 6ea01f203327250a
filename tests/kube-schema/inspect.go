package main

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
)

// name is what the object is called: Kind/namespace/name.
func (d decoded) name() string {
	if d.object == nil {
		text := d.text
		if len(text) > 200 {
			text = text[:200]
		}
		return fmt.Sprintf("%q", text)
	}
	accessor, err := meta.Accessor(d.object)
	if err != nil {
		return fmt.Sprintf("%T", d.object)
	}
	kind := d.object.GetObjectKind().GroupVersionKind().Kind
	return fmt.Sprintf("%s/%s/%s", kind, accessor.GetNamespace(), accessor.GetName())
}

// inspect looks for what types alone do not show and the API server would refuse.
func inspect(object runtime.Object) []error {
	var faults []error
	fault := func(format string, values ...any) { faults = append(faults, fmt.Errorf(format, values...)) }
	accessor, err := meta.Accessor(object)
	if err != nil {
		return []error{err}
	}
	for _, problem := range validation.IsDNS1123Subdomain(accessor.GetName()) {
		fault("metadata.name %q: %s", accessor.GetName(), problem)
	}
	for key, value := range accessor.GetLabels() {
		for _, problem := range append(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)...) {
			fault("label %s=%s: %s", key, value, problem)
		}
	}
	for key := range accessor.GetAnnotations() {
		for _, problem := range validation.IsQualifiedName(key) {
			fault("annotation %s: %s", key, problem)
		}
	}
	switch object := object.(type) {
	case *corev1.ConfigMap:
		for key := range object.Data {
			for _, problem := range validation.IsConfigMapKey(key) {
				fault("data key %q: %s", key, problem)
			}
		}
	case *appsv1.StatefulSet:
		selects(object.Spec.Selector, object.Spec.Template, fault)
		pod(object.Spec.Template.Spec, object.Spec.VolumeClaimTemplates, fault)
	case *appsv1.Deployment:
		selects(object.Spec.Selector, object.Spec.Template, fault)
		pod(object.Spec.Template.Spec, nil, fault)
	case *appsv1.DaemonSet:
		selects(object.Spec.Selector, object.Spec.Template, fault)
		pod(object.Spec.Template.Spec, nil, fault)
	case *batchv1.Job:
		// The Job controller puts the name into a label of the pods.
		for _, problem := range validation.IsDNS1123Label(object.Name) {
			fault("metadata.name %q: %s", object.Name, problem)
		}
		job(object.Spec, fault)
	case *batchv1.CronJob:
		job(object.Spec.JobTemplate.Spec, fault)
	}
	return faults
}

// selects demands that a workload finds its own pods.
func selects(selector *metav1.LabelSelector, template corev1.PodTemplateSpec, fault func(string, ...any)) {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		fault("spec.selector: %v", err)
	} else if !parsed.Matches(labels.Set(template.Labels)) {
		fault("spec.selector %s does not match the labels of the pods", parsed)
	}
}

func job(spec batchv1.JobSpec, fault func(string, ...any)) {
	restart := spec.Template.Spec.RestartPolicy
	if restart != corev1.RestartPolicyNever && restart != corev1.RestartPolicyOnFailure {
		fault("restartPolicy %q is none for a Job", restart)
	}
	if spec.PodFailurePolicy != nil && restart != corev1.RestartPolicyNever {
		fault("podFailurePolicy needs restartPolicy: Never")
	}
	indexed := spec.CompletionMode != nil && *spec.CompletionMode == batchv1.IndexedCompletion
	if indexed && (spec.Completions == nil || *spec.Completions < 1) {
		fault("an Indexed Job needs completions")
	}
	if spec.BackoffLimitPerIndex != nil && !indexed {
		fault("backoffLimitPerIndex needs completionMode: Indexed")
	}
	if spec.MaxFailedIndexes != nil && spec.BackoffLimitPerIndex == nil {
		fault("maxFailedIndexes needs backoffLimitPerIndex")
	}
	pod(spec.Template.Spec, nil, fault)
}

// pod demands that names are given once, that mounts and volumes belong together, and that root is not promised away.
func pod(spec corev1.PodSpec, claims []corev1.PersistentVolumeClaim, fault func(string, ...any)) {
	volumes := map[string]bool{}
	for _, claim := range claims {
		volumes[claim.Name] = true
	}
	for _, volume := range spec.Volumes {
		for _, problem := range validation.IsDNS1123Label(volume.Name) {
			fault("volume %q: %s", volume.Name, problem)
		}
		if volumes[volume.Name] && len(claims) == 0 {
			fault("volume %s is there twice", volume.Name)
		}
		volumes[volume.Name] = true
	}
	names := map[string]bool{}
	for _, container := range append(append([]corev1.Container{}, spec.InitContainers...), spec.Containers...) {
		if names[container.Name] {
			fault("container %s is there twice", container.Name)
		}
		names[container.Name] = true
		for _, problem := range validation.IsDNS1123Label(container.Name) {
			fault("container %q: %s", container.Name, problem)
		}
		if container.Image == "" {
			fault("container %s has no image", container.Name)
		}
		variables, paths := map[string]bool{}, map[string]bool{}
		for _, variable := range container.Env {
			if variable.Name == "" || variables[variable.Name] {
				fault("container %s: env %q is empty or there twice", container.Name, variable.Name)
			}
			variables[variable.Name] = true
			if variable.Value != "" && variable.ValueFrom != nil {
				fault("container %s: env %s has both a value and a source", container.Name, variable.Name)
			}
		}
		for _, mount := range container.VolumeMounts {
			if !volumes[mount.Name] {
				fault("container %s mounts %s, which is no volume of the pod", container.Name, mount.Name)
			}
			if paths[mount.MountPath] {
				fault("container %s mounts two volumes at %s", container.Name, mount.MountPath)
			}
			paths[mount.MountPath] = true
		}
		for name, request := range container.Resources.Requests {
			if limit, ok := container.Resources.Limits[name]; ok && request.Cmp(limit) > 0 {
				fault("container %s requests more %s than its limit", container.Name, name)
			}
		}
		if root(spec, container) {
			fault("container %s is to run as user 0, and runAsNonRoot forbids it", container.Name)
		}
	}
	if len(spec.Containers) == 0 {
		fault("no containers")
	}
}

// root says whether a container is told both to run as root and not to.
func root(spec corev1.PodSpec, container corev1.Container) bool {
	var user *int64
	var not *bool
	if spec.SecurityContext != nil {
		user, not = spec.SecurityContext.RunAsUser, spec.SecurityContext.RunAsNonRoot
	}
	if own := container.SecurityContext; own != nil {
		if own.RunAsUser != nil {
			user = own.RunAsUser
		}
		if own.RunAsNonRoot != nil {
			not = own.RunAsNonRoot
		}
	}
	return user != nil && *user == 0 && not != nil && *not
}
